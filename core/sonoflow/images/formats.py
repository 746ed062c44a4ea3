"""The image file formats that Sonoflow reads, and those that it is asked to and does not."""

from __future__ import annotations

from pathlib import PurePosixPath

from sonoflow import dicom_names

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})
DICOM_SUFFIXES = dicom_names.SUFFIXES
_PICTURES = IMAGE_SUFFIXES | DICOM_SUFFIXES

# One image of this many bytes is far beyond any scanner and within a function's memory.
FILE_BYTES_LIMIT = 64 * 1024 * 1024
_OTHERS = {
    ".ima": "DICOM under another name than .dcm",
    ".nii": "NIfTI",
    ".gz": "a compressed file, perhaps NIfTI",
    ".mha": "MetaImage",
    ".nrrd": "NRRD",
    ".npy": "a NumPy array",
    ".mat": "MATLAB data",
    ".webp": "WebP",
    ".heic": "HEIC",
    ".avif": "AVIF",
    ".gif": "GIF",
    ".jp2": "JPEG 2000",
    ".pgm": "PGM",
    ".pbm": "PBM",
    ".svg": "a drawing in SVG",
    ".avi": "a video",
    ".mp4": "a video",
}
# What programs for drawing write beside pictures: boxes and outlines, no pixels.
_ANNOTATIONS = {
    ".xml": "Pascal VOC and CVAT write boxes and outlines into XML",
    ".json": "COCO and LabelMe write boxes and outlines into JSON",
    ".roi": "ImageJ writes outlines into it",
    ".txt": "YOLO writes boxes into texts called as the images are",
}


def is_image(path: str) -> bool:
    """By its extension, that of DICOM included."""
    name = path[path.rfind("/") + 1 :]
    at = name.rfind(".")
    return at > 0 and name[at:].lower() in _PICTURES


def may_be_dicom(path: str) -> bool:
    """By its extension, or because it has none that says something else."""
    return dicom_names.may_be(path)


def is_dicom(path: str) -> bool:
    """By its extension."""
    return dicom_names.has_suffix(path)


def is_unnamed(path: str) -> bool:
    """Whether nothing but its content can say that it is DICOM."""
    return may_be_dicom(path) and not is_dicom(path)


def may_be_image(path: str) -> bool:
    """Whether its extension is one of pictures that are not read."""
    return PurePosixPath(path).suffix.lower() in _OTHERS


def may_be_annotation(path: str) -> bool:
    """Whether its extension is one of annotations that are not read."""
    return PurePosixPath(path).suffix.lower() in _ANNOTATIONS


def suffixes() -> str:
    """For messages."""
    return ", ".join(sorted(IMAGE_SUFFIXES))


def unsupported(path: str) -> str:
    """Why a file is no image that is read, in words."""
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in _OTHERS:
        return f"{suffix} is {_OTHERS[suffix]}; only {suffixes()} files are read: convert it to PNG"
    if suffix in _ANNOTATIONS:
        detail = f"{_ANNOTATIONS[suffix]}, which is not read: if masks are meant, export them as "
        return detail + "PNG (<image>_mask.png), and give classes by folders or by a table"
    return f"only {suffixes()} files and DICOM are read"
