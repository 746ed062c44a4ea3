"""A DICOM object as a series of pictures: the room's door."""

from __future__ import annotations

from sonoflow.dicom import attributes, belonging, files, greys
from sonoflow.dicom.attributes import Attributes
from sonoflow.dicom.belonging import Belonging
from sonoflow.dicom.frames import Frames
from sonoflow.dicom.greys import Picture
from sonoflow.dicom.values import Values


class DicomObject:
    """One that was found to be ultrasound, its pixels not decoded yet."""

    def __init__(
        self, data: bytes, pixels_limit: int, side_minimum: int, key: bytes | None = None
    ) -> None:
        """Whose the object is, is read only where there is a `key` to hide it with.

        Raises ImageRejected.
        """
        kept = files.KEPT if key is None else files.KEPT | belonging.TAGS
        file = files.read(data, kept)
        self.belonging: Belonging | None = None if key is None else belonging.read(file, key)
        self.attributes: Attributes = attributes.read(file, pixels_limit, side_minimum)
        self.syntax = files.SYNTAXES[file.syntax]
        self._look = greys.look(Values(file.walk, file.found), self.attributes.grid)
        self._frames = Frames(file, self.attributes.grid)

    @property
    def count(self) -> int:
        return self.attributes.grid.frames

    def frame(self, number: int) -> tuple[Picture, tuple[str, ...]]:
        """The frame of that number, from 0, as it is to be looked at, and its flags.

        (rows, columns) of 8 bits of grey, or of 16 of which it is not said how many are used, or
        (rows, columns, 3) of red, green and blue. Raises ImageRejected.
        """
        frame = self._frames.decode(number)
        flags = (*self._look.flags, *frame.flags)
        return greys.picture(frame, self.attributes.grid, self._look), flags
