"""Synthetic QCT of the hips with exact truth."""

from femurkit.phantom.patient import PhantomPatient, make_patient
from femurkit.phantom.write import write_patient

__all__ = ["PhantomPatient", "make_patient", "write_patient"]
