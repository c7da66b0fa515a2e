"""C-STORE and C-ECHO: what the node answers to those who send."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
    LegacyConvertedEnhancedCTImageStorage,
)
from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, evt
from pynetdicom.sop_class import Verification

from femurkit.node.config import NodeConfig
from femurkit.node.inbox import Full, Inbox, Unreadable
from femurkit.node.queue import Queue

if TYPE_CHECKING:
    from pynetdicom.transport import ThreadedAssociationServer

SUCCESS, OUT_OF_RESOURCES, MISMATCH, CANNOT_UNDERSTAND = 0x0000, 0xA700, 0xA900, 0xC000
"""Answers to C-STORE (PS3.4 B.2.3)."""
CLASSES = (CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage)
"""All that a femur can be found in; the node is no archive and takes nothing else."""
MAX_PDU = 1 << 20
NETWORK_TIMEOUT_S = 60
log = logging.getLogger("femurkit.node")


class Receiver:
    """The node's DICOM side; a context that it stops listening with."""

    def __init__(self, config: NodeConfig, inbox: Inbox, queue: Queue) -> None:
        self._inbox, self._queue = inbox, queue
        self._studies: dict[Any, set[str]] = {}
        self._ae = AE(config.title)
        for each in CLASSES:
            self._ae.add_supported_context(each, ALL_TRANSFER_SYNTAXES)
        self._ae.add_supported_context(Verification)
        self._ae.maximum_associations = config.max_associations
        self._ae.maximum_pdu_size = MAX_PDU
        self._ae.network_timeout = self._ae.acse_timeout = NETWORK_TIMEOUT_S
        self._ae.require_calling_aet = list(config.peers)
        self._address = (config.host, config.port)
        self._server: ThreadedAssociationServer | None = None

    def start(self) -> Receiver:
        """Listen. Raises OSError where it cannot."""
        handlers = [
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_C_ECHO, lambda event: SUCCESS),
            (evt.EVT_RELEASED, self._released),
            (evt.EVT_CONN_CLOSE, self._closed),
        ]
        self._server = self._ae.start_server(self._address, block=False, evt_handlers=handlers)
        return self

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, *error: object) -> None:
        if self._server is not None:
            self._server.shutdown()

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.server_address[1])

    def _store(self, event: evt.Event) -> int:
        try:
            identity = self._inbox.keep(event.encoded_dataset())
        except Unreadable as error:
            log.warning("an object that cannot be read (%s) was not taken", error)
            return CANNOT_UNDERSTAND
        except Full as error:
            log.warning("an image was not taken: %s", error)
            return OUT_OF_RESOURCES
        except OSError as error:
            log.warning("an image was not taken: %s", error.strerror)
            return OUT_OF_RESOURCES
        self._studies.setdefault(event.assoc, set()).add(identity.study)
        return SUCCESS

    def _released(self, event: evt.Event) -> None:
        for study in self._studies.pop(event.assoc, ()):
            self._queue.release(study)

    def _closed(self, event: evt.Event) -> None:
        self._studies.pop(event.assoc, None)
