"""Exit codes, what stands on stderr and what on stdout, and that a refusal writes nothing."""

import json
import subprocess
import sys

import pytest

from femurkit.cli import run
from femurkit.errors import NotWeights


@pytest.fixture
def cli(monkeypatch, capsys):
    """Run the command as from a shell, in this process: (exit code, stdout, stderr)."""
    import femurkit.cli

    monkeypatch.setattr(femurkit.cli.signal, "signal", lambda *_: None)

    def call(*arguments):
        with pytest.raises(SystemExit) as stop:
            femurkit.cli.main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return stop.value.code, out, err

    return call


def last_json(out):
    return json.loads(out.splitlines()[-1])


@pytest.mark.parametrize(
    "arguments",
    [
        ["reconstruct"],
        ["reconstruct", "ct"],
        ["reconstruct", "ct", "-o", "out", "--side", "middle"],
        ["reconstruct", "ct", "-o", "out", "--recipe", "best"],
        ["reconstruct", "ct", "-o", "out", "--slices", "some"],
        ["reconstruct", "ct", "-o", "out", "--fast"],
        ["reconstruct", "ct", "-o", "out", "--edge-mm", "9"],
        ["reconstruct", "ct", "-o", "out", "--outline", "mine"],
        ["mesh", "mask.nii", "-o", "out", "--edge-mm", "2", "--within-mm", "0.1"],
        ["mesh", "mask.nii", "-o", "out", "--pass-band", "3"],
        ["phantom", "-o", "out", "--patients", "0"],
        ["phantom", "-o", "out", "--spacing", "1,2"],
        ["phantom", "-o", "out", "--spacing", "1,2,99"],
        ["dance"],
    ],
    ids=" ".join,
)
def test_usage_is_2(cli, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    code, out, err = cli(*arguments)
    assert code == 2
    assert out == ""
    assert "Usage: femurkit" in err
    assert list(tmp_path.iterdir()) == []


def test_help_and_usage_errors_are_in_plain_words(cli):
    _, out, _ = cli("reconstruct", "--help")
    assert "bool" not in out and "list[" not in out and "{SERIES}" not in out
    _, _, err = cli("reconstruct", "ct", "-o", "out", "--side", "links")
    assert "'links' is not one of" in err and "Value error" not in err
    _, _, err = cli("phantom", "-o", "out", "--patients", "0")
    assert "it should be" in err


def test_input_refused_is_3_with_reason_and_remedy(cli, tmp_path):
    code, out, err = cli("reconstruct", tmp_path / "nothing", "-o", tmp_path / "a" / "out")
    assert code == 3
    assert out == ""
    found = err.splitlines()[-1]
    reason, remedy = found.partition(": ")[0], found.rpartition("). ")[2]
    assert reason == "NothingReadable"
    assert "(expected " in found
    assert len(remedy.strip()) > 5
    assert list(tmp_path.iterdir()) == []


def test_refusal_with_json_is_one_object(cli, tmp_path):
    code, out, err = cli("reconstruct", tmp_path / "nothing", "-o", tmp_path / "out", "--json")
    told = last_json(out)
    assert (code, told["ok"], told["exit_code"], told["error"]) == (3, False, 3, "NothingReadable")
    assert told["message"] in err


@pytest.mark.parametrize("command", ["reconstruct", "mesh"])
def test_an_existing_out_is_refused_before_anything_is_read(cli, tmp_path, command):
    out = tmp_path / "out"
    out.mkdir()
    (out / "note.txt").write_text("mine")
    code, _, err = cli(command, tmp_path / "nothing", "-o", out)
    assert code == 3
    assert err.startswith("OutputExists: ")
    assert (out / "note.txt").read_text() == "mine"
    code, _, err = cli(command, tmp_path / "nothing", "-o", out, "--overwrite")
    assert code == 3
    assert "not made by femurkit" in err
    assert (out / "note.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (RuntimeError("surprise"), 1, "Bug"),
        (KeyboardInterrupt(), 130, "Stopped"),
        ("NoFemurFound", 4, "NoFemurFound"),
        ("DegenerateShape", 1, "DegenerateShape"),
    ],
)
def test_what_goes_wrong_inside_gets_its_code(cli, tmp_path, monkeypatch, error, code, reason):
    import femurkit.pipeline
    from femurkit import errors

    if isinstance(error, str):
        error = getattr(errors, error)("why")

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(femurkit.pipeline, "load", fail)
    found, out, err = cli("reconstruct", tmp_path / "ct", "-o", tmp_path / "a" / "out", "--json")
    assert found == code
    assert last_json(out)["error"] == reason
    assert err
    assert list(tmp_path.iterdir()) == []


def test_version_and_help_are_0(cli):
    import femurkit

    assert cli("--version") == (0, f"femurkit {femurkit.__version__}\n", "")
    code, out, _ = cli("--help")
    assert code == 0
    for command in ("reconstruct", "mesh", "phantom", "evaluate", "demo"):
        assert command in out


def test_info_tells_no_device_that_is_not_used(cli, monkeypatch):
    import onnxruntime

    offered = ["AzureExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: offered)
    code, out, _ = cli("info", "--json")
    assert (code, set(last_json(out)["devices"]) - {"openvino"}) == (0, {"cpu"})
    assert "Azure" not in out


def test_the_module_runs_too():
    done = subprocess.run(
        [sys.executable, "-m", "femurkit", "reconstruct"], capture_output=True, text=True
    )
    assert done.returncode == 2


def test_run_tells_code_reason_and_message(tmp_path):
    code, reason, message = run(["reconstruct", str(tmp_path / "x"), "-o", str(tmp_path / "out")])
    assert (code, reason) == (3, "NothingReadable")
    assert str(tmp_path) not in message


def test_a_place_that_cannot_be_written_is_no_bug(cli, tmp_path):
    (tmp_path / "file").write_text("mine")
    code, _, err = cli("reconstruct", tmp_path / "ct", "-o", tmp_path / "file" / "out")
    assert code == 1
    assert "Nothing was written" in err
    assert "Traceback" not in err
    assert (tmp_path / "file").read_text() == "mine"


def test_a_kill_that_a_library_made_an_error_of_its_own_of_is_a_kill(cli, monkeypatch):
    def loading(*_, **__):
        try:
            try:
                sys.exit(143)
            except SystemExit as stop:
                raise ImportError("initialization failed") from stop
        except ImportError:
            raise NotWeights("a file that is no network") from None

    monkeypatch.setattr("femurkit.segment.weights.fine_network", loading)
    code, _, err = cli("info")
    assert (code, err) == (143, "")
