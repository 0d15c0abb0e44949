from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Dtype(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DTYPE_UNSPECIFIED: _ClassVar[Dtype]
    DTYPE_F16: _ClassVar[Dtype]
    DTYPE_BF16: _ClassVar[Dtype]
    DTYPE_F32: _ClassVar[Dtype]
    DTYPE_F64: _ClassVar[Dtype]
    DTYPE_I8: _ClassVar[Dtype]
    DTYPE_I16: _ClassVar[Dtype]
    DTYPE_I32: _ClassVar[Dtype]
    DTYPE_I64: _ClassVar[Dtype]
    DTYPE_U8: _ClassVar[Dtype]
    DTYPE_U16: _ClassVar[Dtype]
    DTYPE_U32: _ClassVar[Dtype]
    DTYPE_U64: _ClassVar[Dtype]

class Loss(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LOSS_UNSPECIFIED: _ClassVar[Loss]
    LOSS_SOFTMAX: _ClassVar[Loss]
    LOSS_HINGE: _ClassVar[Loss]

class Reduction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REDUCTION_UNSPECIFIED: _ClassVar[Reduction]
    REDUCTION_MEAN: _ClassVar[Reduction]
    REDUCTION_SUM: _ClassVar[Reduction]
    REDUCTION_NONE: _ClassVar[Reduction]

class RegConvention(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REG_CONVENTION_UNSPECIFIED: _ClassVar[RegConvention]
    REG_CONVENTION_HALF: _ClassVar[RegConvention]
    REG_CONVENTION_FULL: _ClassVar[RegConvention]

class NonfinitePolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NONFINITE_POLICY_UNSPECIFIED: _ClassVar[NonfinitePolicy]
    NONFINITE_POLICY_ERROR: _ClassVar[NonfinitePolicy]
    NONFINITE_POLICY_PROPAGATE: _ClassVar[NonfinitePolicy]

class EmptyMean(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EMPTY_MEAN_UNSPECIFIED: _ClassVar[EmptyMean]
    EMPTY_MEAN_ZERO: _ClassVar[EmptyMean]
    EMPTY_MEAN_NAN: _ClassVar[EmptyMean]
    EMPTY_MEAN_ERROR: _ClassVar[EmptyMean]

class Input(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INPUT_UNSPECIFIED: _ClassVar[Input]
    INPUT_SCORES: _ClassVar[Input]
    INPUT_LABELS: _ClassVar[Input]
    INPUT_TARGETS: _ClassVar[Input]
    INPUT_H1: _ClassVar[Input]
    INPUT_W2: _ClassVar[Input]
    INPUT_B2: _ClassVar[Input]
    INPUT_X: _ClassVar[Input]
    INPUT_W1: _ClassVar[Input]
    INPUT_B1: _ClassVar[Input]
    INPUT_CLASS_WEIGHTS: _ClassVar[Input]
    INPUT_SAMPLE_WEIGHTS: _ClassVar[Input]

class Output(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTPUT_UNSPECIFIED: _ClassVar[Output]
    OUTPUT_LOSS: _ClassVar[Output]
    OUTPUT_DATA_LOSS: _ClassVar[Output]
    OUTPUT_REG_LOSS: _ClassVar[Output]
    OUTPUT_Z_LOSS: _ClassVar[Output]
    OUTPUT_DENOMINATOR: _ClassVar[Output]
    OUTPUT_N_ROWS: _ClassVar[Output]
    OUTPUT_N_IGNORED: _ClassVar[Output]
    OUTPUT_ACCURACY: _ClassVar[Output]
    OUTPUT_ROW_LOSSES: _ClassVar[Output]
    OUTPUT_DSCORES: _ClassVar[Output]
    OUTPUT_DW2: _ClassVar[Output]
    OUTPUT_DB2: _ClassVar[Output]
    OUTPUT_DH1: _ClassVar[Output]
    OUTPUT_DW1: _ClassVar[Output]
    OUTPUT_DB1: _ClassVar[Output]
    OUTPUT_DX: _ClassVar[Output]
    OUTPUT_DTARGETS: _ClassVar[Output]
    OUTPUT_PROBS: _ClassVar[Output]
    OUTPUT_LOG_PARTITION: _ClassVar[Output]
    OUTPUT_PREDICTIONS: _ClassVar[Output]

class Band(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BAND_UNSPECIFIED: _ClassVar[Band]
    BAND_GOOD: _ClassVar[Band]
    BAND_SUSPICIOUS: _ClassVar[Band]
    BAND_WRONG: _ClassVar[Band]
DTYPE_UNSPECIFIED: Dtype
DTYPE_F16: Dtype
DTYPE_BF16: Dtype
DTYPE_F32: Dtype
DTYPE_F64: Dtype
DTYPE_I8: Dtype
DTYPE_I16: Dtype
DTYPE_I32: Dtype
DTYPE_I64: Dtype
DTYPE_U8: Dtype
DTYPE_U16: Dtype
DTYPE_U32: Dtype
DTYPE_U64: Dtype
LOSS_UNSPECIFIED: Loss
LOSS_SOFTMAX: Loss
LOSS_HINGE: Loss
REDUCTION_UNSPECIFIED: Reduction
REDUCTION_MEAN: Reduction
REDUCTION_SUM: Reduction
REDUCTION_NONE: Reduction
REG_CONVENTION_UNSPECIFIED: RegConvention
REG_CONVENTION_HALF: RegConvention
REG_CONVENTION_FULL: RegConvention
NONFINITE_POLICY_UNSPECIFIED: NonfinitePolicy
NONFINITE_POLICY_ERROR: NonfinitePolicy
NONFINITE_POLICY_PROPAGATE: NonfinitePolicy
EMPTY_MEAN_UNSPECIFIED: EmptyMean
EMPTY_MEAN_ZERO: EmptyMean
EMPTY_MEAN_NAN: EmptyMean
EMPTY_MEAN_ERROR: EmptyMean
INPUT_UNSPECIFIED: Input
INPUT_SCORES: Input
INPUT_LABELS: Input
INPUT_TARGETS: Input
INPUT_H1: Input
INPUT_W2: Input
INPUT_B2: Input
INPUT_X: Input
INPUT_W1: Input
INPUT_B1: Input
INPUT_CLASS_WEIGHTS: Input
INPUT_SAMPLE_WEIGHTS: Input
OUTPUT_UNSPECIFIED: Output
OUTPUT_LOSS: Output
OUTPUT_DATA_LOSS: Output
OUTPUT_REG_LOSS: Output
OUTPUT_Z_LOSS: Output
OUTPUT_DENOMINATOR: Output
OUTPUT_N_ROWS: Output
OUTPUT_N_IGNORED: Output
OUTPUT_ACCURACY: Output
OUTPUT_ROW_LOSSES: Output
OUTPUT_DSCORES: Output
OUTPUT_DW2: Output
OUTPUT_DB2: Output
OUTPUT_DH1: Output
OUTPUT_DW1: Output
OUTPUT_DB1: Output
OUTPUT_DX: Output
OUTPUT_DTARGETS: Output
OUTPUT_PROBS: Output
OUTPUT_LOG_PARTITION: Output
OUTPUT_PREDICTIONS: Output
BAND_UNSPECIFIED: Band
BAND_GOOD: Band
BAND_SUSPICIOUS: Band
BAND_WRONG: Band

class Tensor(_message.Message):
    __slots__ = ("dtype", "shape", "data", "padding")
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    PADDING_FIELD_NUMBER: _ClassVar[int]
    dtype: Dtype
    shape: _containers.RepeatedScalarFieldContainer[int]
    data: bytes
    padding: bytes
    def __init__(self, dtype: _Optional[_Union[Dtype, str]] = ..., shape: _Optional[_Iterable[int]] = ..., data: _Optional[bytes] = ..., padding: _Optional[bytes] = ...) -> None: ...

class ComputeRequest(_message.Message):
    __slots__ = ("scores", "labels", "targets", "h1", "w2", "b2", "x", "w1", "b1", "class_weights", "sample_weights", "loss", "reduction", "denominator", "ignore_index", "label_smoothing", "temperature", "softcap", "z_loss", "margin", "reg", "reg_convention", "nonfinite", "empty_mean", "want", "gradient_dtype")
    SCORES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    H1_FIELD_NUMBER: _ClassVar[int]
    W2_FIELD_NUMBER: _ClassVar[int]
    B2_FIELD_NUMBER: _ClassVar[int]
    X_FIELD_NUMBER: _ClassVar[int]
    W1_FIELD_NUMBER: _ClassVar[int]
    B1_FIELD_NUMBER: _ClassVar[int]
    CLASS_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    LOSS_FIELD_NUMBER: _ClassVar[int]
    REDUCTION_FIELD_NUMBER: _ClassVar[int]
    DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    IGNORE_INDEX_FIELD_NUMBER: _ClassVar[int]
    LABEL_SMOOTHING_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    SOFTCAP_FIELD_NUMBER: _ClassVar[int]
    Z_LOSS_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    REG_FIELD_NUMBER: _ClassVar[int]
    REG_CONVENTION_FIELD_NUMBER: _ClassVar[int]
    NONFINITE_FIELD_NUMBER: _ClassVar[int]
    EMPTY_MEAN_FIELD_NUMBER: _ClassVar[int]
    WANT_FIELD_NUMBER: _ClassVar[int]
    GRADIENT_DTYPE_FIELD_NUMBER: _ClassVar[int]
    scores: Tensor
    labels: Tensor
    targets: Tensor
    h1: Tensor
    w2: Tensor
    b2: Tensor
    x: Tensor
    w1: Tensor
    b1: Tensor
    class_weights: Tensor
    sample_weights: Tensor
    loss: Loss
    reduction: Reduction
    denominator: float
    ignore_index: int
    label_smoothing: float
    temperature: float
    softcap: float
    z_loss: float
    margin: float
    reg: float
    reg_convention: RegConvention
    nonfinite: NonfinitePolicy
    empty_mean: EmptyMean
    want: _containers.RepeatedScalarFieldContainer[Output]
    gradient_dtype: Dtype
    def __init__(self, scores: _Optional[_Union[Tensor, _Mapping]] = ..., labels: _Optional[_Union[Tensor, _Mapping]] = ..., targets: _Optional[_Union[Tensor, _Mapping]] = ..., h1: _Optional[_Union[Tensor, _Mapping]] = ..., w2: _Optional[_Union[Tensor, _Mapping]] = ..., b2: _Optional[_Union[Tensor, _Mapping]] = ..., x: _Optional[_Union[Tensor, _Mapping]] = ..., w1: _Optional[_Union[Tensor, _Mapping]] = ..., b1: _Optional[_Union[Tensor, _Mapping]] = ..., class_weights: _Optional[_Union[Tensor, _Mapping]] = ..., sample_weights: _Optional[_Union[Tensor, _Mapping]] = ..., loss: _Optional[_Union[Loss, str]] = ..., reduction: _Optional[_Union[Reduction, str]] = ..., denominator: _Optional[float] = ..., ignore_index: _Optional[int] = ..., label_smoothing: _Optional[float] = ..., temperature: _Optional[float] = ..., softcap: _Optional[float] = ..., z_loss: _Optional[float] = ..., margin: _Optional[float] = ..., reg: _Optional[float] = ..., reg_convention: _Optional[_Union[RegConvention, str]] = ..., nonfinite: _Optional[_Union[NonfinitePolicy, str]] = ..., empty_mean: _Optional[_Union[EmptyMean, str]] = ..., want: _Optional[_Iterable[_Union[Output, str]]] = ..., gradient_dtype: _Optional[_Union[Dtype, str]] = ...) -> None: ...

class ComputeResponse(_message.Message):
    __slots__ = ("loss", "data_loss", "reg_loss", "z_loss", "denominator", "n_rows", "n_ignored", "accuracy", "row_losses", "dscores", "dw2", "db2", "dh1", "dw1", "db1", "dx", "dtargets", "probs", "log_partition", "predictions")
    LOSS_FIELD_NUMBER: _ClassVar[int]
    DATA_LOSS_FIELD_NUMBER: _ClassVar[int]
    REG_LOSS_FIELD_NUMBER: _ClassVar[int]
    Z_LOSS_FIELD_NUMBER: _ClassVar[int]
    DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    N_ROWS_FIELD_NUMBER: _ClassVar[int]
    N_IGNORED_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_FIELD_NUMBER: _ClassVar[int]
    ROW_LOSSES_FIELD_NUMBER: _ClassVar[int]
    DSCORES_FIELD_NUMBER: _ClassVar[int]
    DW2_FIELD_NUMBER: _ClassVar[int]
    DB2_FIELD_NUMBER: _ClassVar[int]
    DH1_FIELD_NUMBER: _ClassVar[int]
    DW1_FIELD_NUMBER: _ClassVar[int]
    DB1_FIELD_NUMBER: _ClassVar[int]
    DX_FIELD_NUMBER: _ClassVar[int]
    DTARGETS_FIELD_NUMBER: _ClassVar[int]
    PROBS_FIELD_NUMBER: _ClassVar[int]
    LOG_PARTITION_FIELD_NUMBER: _ClassVar[int]
    PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    loss: float
    data_loss: float
    reg_loss: float
    z_loss: float
    denominator: float
    n_rows: int
    n_ignored: int
    accuracy: float
    row_losses: Tensor
    dscores: Tensor
    dw2: Tensor
    db2: Tensor
    dh1: Tensor
    dw1: Tensor
    db1: Tensor
    dx: Tensor
    dtargets: Tensor
    probs: Tensor
    log_partition: Tensor
    predictions: Tensor
    def __init__(self, loss: _Optional[float] = ..., data_loss: _Optional[float] = ..., reg_loss: _Optional[float] = ..., z_loss: _Optional[float] = ..., denominator: _Optional[float] = ..., n_rows: _Optional[int] = ..., n_ignored: _Optional[int] = ..., accuracy: _Optional[float] = ..., row_losses: _Optional[_Union[Tensor, _Mapping]] = ..., dscores: _Optional[_Union[Tensor, _Mapping]] = ..., dw2: _Optional[_Union[Tensor, _Mapping]] = ..., db2: _Optional[_Union[Tensor, _Mapping]] = ..., dh1: _Optional[_Union[Tensor, _Mapping]] = ..., dw1: _Optional[_Union[Tensor, _Mapping]] = ..., db1: _Optional[_Union[Tensor, _Mapping]] = ..., dx: _Optional[_Union[Tensor, _Mapping]] = ..., dtargets: _Optional[_Union[Tensor, _Mapping]] = ..., probs: _Optional[_Union[Tensor, _Mapping]] = ..., log_partition: _Optional[_Union[Tensor, _Mapping]] = ..., predictions: _Optional[_Union[Tensor, _Mapping]] = ...) -> None: ...

class InputChunk(_message.Message):
    __slots__ = ("input", "offset", "padding", "data")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    PADDING_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    input: Input
    offset: int
    padding: bytes
    data: bytes
    def __init__(self, input: _Optional[_Union[Input, str]] = ..., offset: _Optional[int] = ..., padding: _Optional[bytes] = ..., data: _Optional[bytes] = ...) -> None: ...

class OutputChunk(_message.Message):
    __slots__ = ("output", "offset", "padding", "data")
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    PADDING_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    output: Output
    offset: int
    padding: bytes
    data: bytes
    def __init__(self, output: _Optional[_Union[Output, str]] = ..., offset: _Optional[int] = ..., padding: _Optional[bytes] = ..., data: _Optional[bytes] = ...) -> None: ...

class SharedBytes(_message.Message):
    __slots__ = ("handle", "offset", "size")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    handle: bytes
    offset: int
    size: int
    def __init__(self, handle: _Optional[bytes] = ..., offset: _Optional[int] = ..., size: _Optional[int] = ...) -> None: ...

class SharedInput(_message.Message):
    __slots__ = ("input", "offset", "bytes")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    input: Input
    offset: int
    bytes: SharedBytes
    def __init__(self, input: _Optional[_Union[Input, str]] = ..., offset: _Optional[int] = ..., bytes: _Optional[_Union[SharedBytes, _Mapping]] = ...) -> None: ...

class SharedOutput(_message.Message):
    __slots__ = ("output", "offset", "bytes")
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    output: Output
    offset: int
    bytes: SharedBytes
    def __init__(self, output: _Optional[_Union[Output, str]] = ..., offset: _Optional[int] = ..., bytes: _Optional[_Union[SharedBytes, _Mapping]] = ...) -> None: ...

class SharedPieces(_message.Message):
    __slots__ = ("inputs", "outputs")
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    inputs: _containers.RepeatedCompositeFieldContainer[SharedInput]
    outputs: _containers.RepeatedCompositeFieldContainer[SharedOutput]
    def __init__(self, inputs: _Optional[_Iterable[_Union[SharedInput, _Mapping]]] = ..., outputs: _Optional[_Iterable[_Union[SharedOutput, _Mapping]]] = ...) -> None: ...

class ComputeStreamRequest(_message.Message):
    __slots__ = ("open", "chunks", "shared")
    OPEN_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    SHARED_FIELD_NUMBER: _ClassVar[int]
    open: ComputeRequest
    chunks: _containers.RepeatedCompositeFieldContainer[InputChunk]
    shared: SharedPieces
    def __init__(self, open: _Optional[_Union[ComputeRequest, _Mapping]] = ..., chunks: _Optional[_Iterable[_Union[InputChunk, _Mapping]]] = ..., shared: _Optional[_Union[SharedPieces, _Mapping]] = ...) -> None: ...

class ComputeStreamResponse(_message.Message):
    __slots__ = ("closing", "chunks", "done")
    CLOSING_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    closing: ComputeResponse
    chunks: _containers.RepeatedCompositeFieldContainer[OutputChunk]
    done: int
    def __init__(self, closing: _Optional[_Union[ComputeResponse, _Mapping]] = ..., chunks: _Optional[_Iterable[_Union[OutputChunk, _Mapping]]] = ..., done: _Optional[int] = ...) -> None: ...

class ShareMemoryRequest(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...

class ShareMemoryResponse(_message.Message):
    __slots__ = ("handle", "refusal")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    handle: bytes
    refusal: str
    def __init__(self, handle: _Optional[bytes] = ..., refusal: _Optional[str] = ...) -> None: ...

class OwnGradients(_message.Message):
    __slots__ = ("loss", "row_losses", "dscores", "dw2", "db2", "dh1", "dw1", "db1", "dx", "dtargets", "probs")
    LOSS_FIELD_NUMBER: _ClassVar[int]
    ROW_LOSSES_FIELD_NUMBER: _ClassVar[int]
    DSCORES_FIELD_NUMBER: _ClassVar[int]
    DW2_FIELD_NUMBER: _ClassVar[int]
    DB2_FIELD_NUMBER: _ClassVar[int]
    DH1_FIELD_NUMBER: _ClassVar[int]
    DW1_FIELD_NUMBER: _ClassVar[int]
    DB1_FIELD_NUMBER: _ClassVar[int]
    DX_FIELD_NUMBER: _ClassVar[int]
    DTARGETS_FIELD_NUMBER: _ClassVar[int]
    PROBS_FIELD_NUMBER: _ClassVar[int]
    loss: Tensor
    row_losses: Tensor
    dscores: Tensor
    dw2: Tensor
    db2: Tensor
    dh1: Tensor
    dw1: Tensor
    db1: Tensor
    dx: Tensor
    dtargets: Tensor
    probs: Tensor
    def __init__(self, loss: _Optional[_Union[Tensor, _Mapping]] = ..., row_losses: _Optional[_Union[Tensor, _Mapping]] = ..., dscores: _Optional[_Union[Tensor, _Mapping]] = ..., dw2: _Optional[_Union[Tensor, _Mapping]] = ..., db2: _Optional[_Union[Tensor, _Mapping]] = ..., dh1: _Optional[_Union[Tensor, _Mapping]] = ..., dw1: _Optional[_Union[Tensor, _Mapping]] = ..., db1: _Optional[_Union[Tensor, _Mapping]] = ..., dx: _Optional[_Union[Tensor, _Mapping]] = ..., dtargets: _Optional[_Union[Tensor, _Mapping]] = ..., probs: _Optional[_Union[Tensor, _Mapping]] = ...) -> None: ...

class CheckGradientsRequest(_message.Message):
    __slots__ = ("problem", "gradients")
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    GRADIENTS_FIELD_NUMBER: _ClassVar[int]
    problem: ComputeRequest
    gradients: OwnGradients
    def __init__(self, problem: _Optional[_Union[ComputeRequest, _Mapping]] = ..., gradients: _Optional[_Union[OwnGradients, _Mapping]] = ...) -> None: ...

class CheckEntry(_message.Message):
    __slots__ = ("index", "theirs", "ours", "relative_error")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    THEIRS_FIELD_NUMBER: _ClassVar[int]
    OURS_FIELD_NUMBER: _ClassVar[int]
    RELATIVE_ERROR_FIELD_NUMBER: _ClassVar[int]
    index: _containers.RepeatedScalarFieldContainer[int]
    theirs: float
    ours: float
    relative_error: float
    def __init__(self, index: _Optional[_Iterable[int]] = ..., theirs: _Optional[float] = ..., ours: _Optional[float] = ..., relative_error: _Optional[float] = ...) -> None: ...

class Comparison(_message.Message):
    __slots__ = ("name", "band", "max_relative_error", "n_entries", "n_wrong", "shape", "expected_shape", "worst")
    NAME_FIELD_NUMBER: _ClassVar[int]
    BAND_FIELD_NUMBER: _ClassVar[int]
    MAX_RELATIVE_ERROR_FIELD_NUMBER: _ClassVar[int]
    N_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    N_WRONG_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_SHAPE_FIELD_NUMBER: _ClassVar[int]
    WORST_FIELD_NUMBER: _ClassVar[int]
    name: Output
    band: Band
    max_relative_error: float
    n_entries: int
    n_wrong: int
    shape: _containers.RepeatedScalarFieldContainer[int]
    expected_shape: _containers.RepeatedScalarFieldContainer[int]
    worst: _containers.RepeatedCompositeFieldContainer[CheckEntry]
    def __init__(self, name: _Optional[_Union[Output, str]] = ..., band: _Optional[_Union[Band, str]] = ..., max_relative_error: _Optional[float] = ..., n_entries: _Optional[int] = ..., n_wrong: _Optional[int] = ..., shape: _Optional[_Iterable[int]] = ..., expected_shape: _Optional[_Iterable[int]] = ..., worst: _Optional[_Iterable[_Union[CheckEntry, _Mapping]]] = ...) -> None: ...

class Verification(_message.Message):
    __slots__ = ("name", "band", "max_relative_error", "n_directions")
    NAME_FIELD_NUMBER: _ClassVar[int]
    BAND_FIELD_NUMBER: _ClassVar[int]
    MAX_RELATIVE_ERROR_FIELD_NUMBER: _ClassVar[int]
    N_DIRECTIONS_FIELD_NUMBER: _ClassVar[int]
    name: Output
    band: Band
    max_relative_error: float
    n_directions: int
    def __init__(self, name: _Optional[_Union[Output, str]] = ..., band: _Optional[_Union[Band, str]] = ..., max_relative_error: _Optional[float] = ..., n_directions: _Optional[int] = ...) -> None: ...

class Diagnosis(_message.Message):
    __slots__ = ("code", "name", "text")
    CODE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    code: str
    name: Output
    text: str
    def __init__(self, code: _Optional[str] = ..., name: _Optional[_Union[Output, str]] = ..., text: _Optional[str] = ...) -> None: ...

class CheckGradientsResponse(_message.Message):
    __slots__ = ("loss", "data_loss", "reg_loss", "z_loss", "denominator", "n_rows", "n_ignored", "comparisons", "verifications", "findings", "ok", "diagnoses")
    LOSS_FIELD_NUMBER: _ClassVar[int]
    DATA_LOSS_FIELD_NUMBER: _ClassVar[int]
    REG_LOSS_FIELD_NUMBER: _ClassVar[int]
    Z_LOSS_FIELD_NUMBER: _ClassVar[int]
    DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    N_ROWS_FIELD_NUMBER: _ClassVar[int]
    N_IGNORED_FIELD_NUMBER: _ClassVar[int]
    COMPARISONS_FIELD_NUMBER: _ClassVar[int]
    VERIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    OK_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSES_FIELD_NUMBER: _ClassVar[int]
    loss: float
    data_loss: float
    reg_loss: float
    z_loss: float
    denominator: float
    n_rows: int
    n_ignored: int
    comparisons: _containers.RepeatedCompositeFieldContainer[Comparison]
    verifications: _containers.RepeatedCompositeFieldContainer[Verification]
    findings: _containers.RepeatedCompositeFieldContainer[Diagnosis]
    ok: bool
    diagnoses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, loss: _Optional[float] = ..., data_loss: _Optional[float] = ..., reg_loss: _Optional[float] = ..., z_loss: _Optional[float] = ..., denominator: _Optional[float] = ..., n_rows: _Optional[int] = ..., n_ignored: _Optional[int] = ..., comparisons: _Optional[_Iterable[_Union[Comparison, _Mapping]]] = ..., verifications: _Optional[_Iterable[_Union[Verification, _Mapping]]] = ..., findings: _Optional[_Iterable[_Union[Diagnosis, _Mapping]]] = ..., ok: _Optional[bool] = ..., diagnoses: _Optional[_Iterable[str]] = ...) -> None: ...

class GetServerInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetServerInfoResponse(_message.Message):
    __slots__ = ("version", "limits", "losses", "outputs", "float_dtypes", "label_dtypes", "compute_threads", "uptime_seconds")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    LOSSES_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    FLOAT_DTYPES_FIELD_NUMBER: _ClassVar[int]
    LABEL_DTYPES_FIELD_NUMBER: _ClassVar[int]
    COMPUTE_THREADS_FIELD_NUMBER: _ClassVar[int]
    UPTIME_SECONDS_FIELD_NUMBER: _ClassVar[int]
    version: str
    limits: Limits
    losses: _containers.RepeatedScalarFieldContainer[Loss]
    outputs: _containers.RepeatedScalarFieldContainer[Output]
    float_dtypes: _containers.RepeatedScalarFieldContainer[Dtype]
    label_dtypes: _containers.RepeatedScalarFieldContainer[Dtype]
    compute_threads: int
    uptime_seconds: float
    def __init__(self, version: _Optional[str] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., losses: _Optional[_Iterable[_Union[Loss, str]]] = ..., outputs: _Optional[_Iterable[_Union[Output, str]]] = ..., float_dtypes: _Optional[_Iterable[_Union[Dtype, str]]] = ..., label_dtypes: _Optional[_Iterable[_Union[Dtype, str]]] = ..., compute_threads: _Optional[int] = ..., uptime_seconds: _Optional[float] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("max_request_bytes", "max_response_bytes", "max_tensor_bytes", "max_stream_bytes", "max_held_bytes")
    MAX_REQUEST_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_RESPONSE_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_TENSOR_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_STREAM_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_HELD_BYTES_FIELD_NUMBER: _ClassVar[int]
    max_request_bytes: int
    max_response_bytes: int
    max_tensor_bytes: int
    max_stream_bytes: int
    max_held_bytes: int
    def __init__(self, max_request_bytes: _Optional[int] = ..., max_response_bytes: _Optional[int] = ..., max_tensor_bytes: _Optional[int] = ..., max_stream_bytes: _Optional[int] = ..., max_held_bytes: _Optional[int] = ...) -> None: ...
