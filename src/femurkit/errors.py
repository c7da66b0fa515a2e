"""Everything femurkit raises on purpose.

FemurkitError                 code, exit_code; the command line prints it as `code: message`
├── InputRefused              exit 3: found, expected, remedy
│   ├── NothingReadable       no image where one was named
│   ├── NoCtSeries            files, but no axial CT series among them
│   ├── SeriesNotFound        --series names a UID that is not there
│   ├── UnevenSpacing         slice positions do not step evenly
│   ├── GapInSeries           slices are missing
│   ├── DuplicateSlices       two slices at one position
│   ├── MixedOrientation      slices of several orientations or sizes in one series
│   ├── MixedStudies          slices of several patients, studies or frames of reference
│   ├── NotAxial              the slices are not transverse
│   ├── TooLarge              more voxels than can be held
│   ├── TooShort              too little of the body along the slice axis
│   ├── NotHounsfield         the values cannot be Hounsfield units
│   ├── BadGeometry           no usable spacing, origin or direction
│   ├── NotWeights            --weights names no network that can segment a femur
│   ├── OutputExists          OUT is there and --overwrite was not given
│   ├── BadManifest           a table of studies that cannot be right
│   ├── PatientInTwoSplits    scans of one patient would both teach and test
│   ├── WrongPatient          labels of another patient or scan than the CT
│   ├── LabelsElsewhere       labels that do not lie where the CT's femurs are
│   ├── EmptyLabels           no label voxel, or none in the annotated slices
│   ├── MirroredLabels        left and right exchanged, or labels turned round
│   ├── ConfigRefused         a training configuration that cannot be used
│   ├── NothingToLearn        no annotated hip to train on
│   ├── RunDiffers            the run folder holds a training of another configuration
│   ├── NodeRefused           a node that cannot begin: its folder or address is taken
│   ├── NoStudyDone           every study of a cohort was refused
│   └── SchedulerNotReached   --scheduler names no Dask scheduler that answers
├── NoFemurFound              exit 4: a readable CT without a proximal femur
├── StudiesFailed             exit 1: no study of a cohort is done, by a fault of ours
└── DegenerateShape           exit 1: a surface or point set that cannot be measured
"""

from __future__ import annotations


class FemurkitError(Exception):
    """Base of all errors raised on purpose. `code` is the class name."""

    exit_code = 1

    @property
    def code(self) -> str:
        """The reason code, stable across versions."""
        return type(self).__name__


class InputRefused(FemurkitError):
    """The input cannot be used as it is: what was found, what was expected, what mends it."""

    exit_code = 3

    def __init__(self, found: str, *, expected: str, remedy: str) -> None:
        super().__init__(f"{found} (expected {expected}). {remedy}")
        self.found = found
        self.expected = expected
        self.remedy = remedy
        self.check: int | None = None
        """Which of the checks of a series said so, if one of them did."""


class NothingReadable(InputRefused):
    """No image where one was named."""


class NoCtSeries(InputRefused):
    """Files were read, but none form an axial CT series."""


class SeriesNotFound(InputRefused):
    """The series asked for is not in the input."""


class UnevenSpacing(InputRefused):
    """Slice positions do not step evenly."""


class GapInSeries(InputRefused):
    """One or more slices are missing."""


class DuplicateSlices(InputRefused):
    """Two slices stand at one position."""


class MixedOrientation(InputRefused):
    """Slices of several orientations, sizes or pixel spacings in one series."""


class MixedStudies(InputRefused):
    """Slices of several patients, studies or frames of reference in one series."""


class NotAxial(InputRefused):
    """The slices are not transverse."""


class TooShort(InputRefused):
    """Too little of the body along the slice axis."""


class TooLarge(InputRefused):
    """More voxels than can be held."""


class NotHounsfield(InputRefused):
    """The values cannot be Hounsfield units."""


class BadGeometry(InputRefused):
    """No usable spacing, origin or direction."""


class NotWeights(InputRefused):
    """A file that is no network that can segment a femur."""


class OutputExists(InputRefused):
    """The output folder exists and may not be replaced."""


class BadManifest(InputRefused):
    """A table of studies that cannot be right."""


class PatientInTwoSplits(InputRefused):
    """Scans of one patient in two splits: what teaches would also test."""


class WrongPatient(InputRefused):
    """Labels of another patient or another scan than the CT."""


class LabelsElsewhere(InputRefused):
    """Labels that do not lie where the femurs of the CT are."""


class EmptyLabels(InputRefused):
    """No label voxel, or none in the annotated slices."""


class MirroredLabels(InputRefused):
    """Left and right exchanged, or labels turned round along an axis."""


class ConfigRefused(InputRefused):
    """A training configuration that cannot be used."""


class NothingToLearn(InputRefused):
    """No annotated hip to train on."""


class RunDiffers(InputRefused):
    """The run folder holds a training of another configuration."""


class NodeRefused(InputRefused):
    """A node that cannot begin where it was told to."""


class NoStudyDone(InputRefused):
    """Every study of a cohort was refused."""


class SchedulerNotReached(InputRefused):
    """No Dask scheduler answers at the address given."""


class NoFemurFound(FemurkitError):
    """A readable CT in which no proximal femur was found."""

    exit_code = 4

    def __init__(self, found: str, remedy: str = "") -> None:
        super().__init__(f"{found} {remedy}".strip())
        self.found = found
        self.remedy = remedy


class StudiesFailed(FemurkitError):
    """No study of a cohort is done, and not all were refused: some failed by a fault of ours."""


class DegenerateShape(FemurkitError):
    """A surface or point set that cannot be measured."""
