"""What was measured as a DICOM structured report, by template 1500 (PS3.16 TID 1500 and 1410).

Lengths and areas are in millimetres where the object gives a scale of the lesions, in pixels
otherwise.
"""

from __future__ import annotations

from highdicom.sr import (
    AlgorithmIdentification,
    ComprehensiveSR,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    Measurement,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    ReferencedSegmentationFrame,
    SourceImageForSegmentation,
    TrackingIdentifier,
)
from highdicom.sr.coding import CodedConcept
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from sonoflow import keys
from sonoflow.dicom_results import identity
from sonoflow.dicom_results.finding import Finding
from sonoflow.dicom_results.segmentation import LESION

_SCHEME = "99SONOFLOW"  # for what the standard has no code
_AREA = CodedConcept("42798000", "SCT", "Area")
_LONG = CodedConcept("103339001", "SCT", "Long axis")
_SHORT = CodedConcept("103340004", "SCT", "Short axis")
_CERTAINTY = CodedConcept("111012", "DCM", "Certainty of Finding")
_PIXELS = CodedConcept("{pixels}", "UCUM", "pixels")
_USE = CodedConcept("use", _SCHEME, "Intended use")
_RESEARCH = CodedConcept("research-only", _SCHEME, "Research use only, not for diagnosis")
_CLASS = CodedConcept("class", _SCHEME, "Class by software")
_MEANING_LIMIT = 64


def make(finding: Finding, source: Dataset, segmentation: Dataset) -> ComprehensiveSR:
    device = ObserverContext(
        codes.DCM.Device,
        DeviceObserverIdentifyingAttributes(
            uid=identity.uid("device", finding.classifier.name, finding.segmenter.name),
            name=identity.MAKER,
            manufacturer_name=identity.MAKER,
        ),
    )
    content = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=device),
        procedure_reported=CodedConcept("47079000", "SCT", "Ultrasonography of breast"),
        imaging_measurements=[_lesions(finding, source, segmentation)],
        title=codes.DCM.ImagingMeasurementReport,
    )
    found = ComprehensiveSR(
        [source, segmentation],
        content[0],
        series_instance_uid=identity.of_result(finding, identity.SERIES, "sr"),
        series_number=3,
        sop_instance_uid=identity.of_result(finding, identity.INSTANCE, "sr"),
        instance_number=1,
        manufacturer=identity.MAKER,
        is_complete=True,
        is_final=False,
        is_verified=False,
    )
    identity.name_source(found, finding)
    identity.sign(found, "measurements")
    return found


def _lesions(
    finding: Finding, source: Dataset, segmentation: Dataset
) -> PlanarROIMeasurementsAndQualitativeEvaluations:
    loop = finding.source.frames > 1
    referred = ReferencedSegmentationFrame(
        str(segmentation.SOPClassUID),
        str(segmentation.SOPInstanceUID),
        frame_number=1,
        segment_number=1,
        source_image=SourceImageForSegmentation(
            str(source.SOPClassUID),
            str(source.SOPInstanceUID),
            referenced_frame_numbers=[finding.source.frame] if loop else None,
        ),
    )
    # PS3.3 10.3: a segment is named where no frame is.
    del referred[0].ReferencedSOPSequence[0].ReferencedSegmentNumber
    return PlanarROIMeasurementsAndQualitativeEvaluations(
        TrackingIdentifier(uid=identity.uid("lesions", finding.sha256), identifier="lesions"),
        referenced_segment=referred,
        finding_type=LESION,
        finding_sites=[FindingSite(CodedConcept("76752008", "SCT", "Breast"))],
        algorithm_id=AlgorithmIdentification(finding.segmenter.name, finding.segmenter.version),
        measurements=_measurements(finding),
        qualitative_evaluations=[
            QualitativeEvaluation(_CLASS, _class(finding.label)),
            QualitativeEvaluation(_USE, _RESEARCH),
        ],
    )


def _measurements(finding: Finding) -> list[Measurement]:
    told = finding.measurements
    if told.get("area_mm2") is not None:
        sizes = [
            (_AREA, told["area_mm2"], codes.UCUM.SquareMillimeter),
            (_LONG, told["longest_axis_mm"], codes.UCUM.Millimeter),
            (_SHORT, told["perpendicular_mm"], codes.UCUM.Millimeter),
        ]
    else:
        sizes = [
            (_AREA, float(finding.mask.sum()), _PIXELS),
            (_LONG, told["longest_axis_pixels"], _PIXELS),
            (_SHORT, told["perpendicular_pixels"], _PIXELS),
        ]
    certainty = AlgorithmIdentification(finding.classifier.name, finding.classifier.version)
    return [
        *(Measurement(name, value, unit) for name, value, unit in sizes),
        Measurement(
            _CERTAINTY,
            round(100 * finding.probability, 2),
            codes.UCUM.Percent,
            algorithm_id=certainty,
        ),
    ]


def _class(label: str) -> CodedConcept:
    """A class is called as the data set calls it: in any letters, of any length."""
    plain = label.encode("ascii", "replace").decode()[:_MEANING_LIMIT].strip() or "unnamed"
    return CodedConcept(keys.slug(label)[:16].strip("-") or "unnamed", _SCHEME, plain)
