"""Names of classes that mean something to the system. All others are what the folders say."""

from __future__ import annotations

NORMAL = "normal"  # no lesion to be seen: its mask, if there is one, is empty
LESION = "lesion"  # where a data set names no classes and masks decide

# The flag of an image whose class was decided by its mask.
FROM_MASK = "class-from-mask"
# Flags of images whose mask and class contradict each other.
EMPTY_MASK = "empty-mask"
LESION_IN_NORMAL = "lesion-in-normal"
OF_LOOP = "frame-of-loop"  # of DICOM: its class is that of the loop
