/**
 * As much of the ONNX file format as it takes to read the weights out of one model and to write another. ONNX files are
 * protocol buffers; the field numbers are those of `onnx.proto3`, IR version 8.
 */

export interface FloatTensor {
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Integers, and lists of integers. */
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly weights: Readonly<Record<string, FloatTensor | BigInt64Array>>;
  /** Float tensors; a text is a dimension that is known when the model runs. */
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  readonly outputs: Readonly<Record<string, readonly (number | string)[]>>;
}

const IR_VERSION = 8;
const OPSET = 17;
const FLOAT = 1;
const INT64 = 7;
/** Of AttributeProto. */
const TYPE_INT = 2;
const TYPE_INTS = 7;

type Field = readonly [number, number | Uint8Array];

/** The float constants of a model, those inside of branches too, by the name of the node output that gives them. */
export function readFloatConstants(model: Uint8Array): Map<string, FloatTensor> {
  const found = new Map<string, FloatTensor>();
  for (const graph of messages(model, 7)) readGraph(graph, found);
  return found;
}

function readGraph(graph: Uint8Array, found: Map<string, FloatTensor>): void {
  for (const node of messages(graph, 1)) {
    const output = messages(node, 2)[0];
    for (const attribute of messages(node, 5)) {
      for (const branch of messages(attribute, 6)) readGraph(branch, found);
      const [tensor] = messages(attribute, 5);
      const constant = tensor && readFloats(tensor);
      if (constant && output) found.set(new TextDecoder().decode(output), constant);
    }
  }
}

function readFloats(tensor: Uint8Array): FloatTensor | undefined {
  const [raw] = messages(tensor, 9);
  const isFloat = fieldsOf(tensor).some(([field, value]) => field === 2 && value === FLOAT);
  if (!raw || !isFloat) return;
  const dims = fieldsOf(tensor).flatMap(([field, value]) => {
    if (field !== 1) return [];
    return typeof value === 'number' ? [value] : packedIntegers(value);
  });
  // A copy: floats want an address that four divides.
  return { dims, values: new Float32Array(new Uint8Array(raw).buffer) };
}

function messages(message: Uint8Array, wanted: number): Uint8Array[] {
  return fieldsOf(message).flatMap(([field, value]) =>
    field === wanted && value instanceof Uint8Array ? [value] : [],
  );
}

function fieldsOf(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < message.length; ) {
    const [key, afterKey] = integerAt(message, at);
    const [value, end] = valueAt(message, afterKey, key & 7);
    fields.push([key >> 3, value]);
    at = end;
  }
  return fields;
}

function valueAt(message: Uint8Array, at: number, wireType: number): [number | Uint8Array, number] {
  if (wireType === 0) return integerAt(message, at);
  const [length, start] = wireType === 2 ? integerAt(message, at) : [wireType === 5 ? 4 : 8, at];
  if (start + length > message.length) throw new RangeError('The ONNX file is cut off.');
  return [message.subarray(start, start + length), start + length];
}

/** A base-128 integer, and where the next thing begins. Exact up to 2^53; what is larger matters to nobody here. */
function integerAt(message: Uint8Array, at: number): [number, number] {
  let value = 0;
  let scale = 1;
  for (let next = at; next < message.length; ) {
    const byte = message[next] ?? 0;
    next += 1;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return [value, next];
    scale *= 128;
  }
  throw new RangeError('The ONNX file is cut off.');
}

function packedIntegers(bytes: Uint8Array): number[] {
  const values: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [value, next] = integerAt(bytes, at);
    values.push(value);
    at = next;
  }
  return values;
}

/** The file of a model that consists of this graph. */
export function writeModel(graph: OnnxGraph): Uint8Array {
  const opset = [integer(2, OPSET)];
  return Buffer.concat([integer(1, IR_VERSION), message(8, opset), message(7, graphFields(graph))]);
}

function graphFields(graph: OnnxGraph): Uint8Array[] {
  const values = (field: number, entries: OnnxGraph['inputs']) =>
    Object.entries(entries).map(([name, dims]) => message(field, [text(1, name), floatTypeField(dims)]));
  return [
    ...graph.nodes.map((node) => message(1, nodeFields(node))),
    text(2, 'graph'),
    ...Object.entries(graph.weights).map(([name, tensor]) => message(5, tensorFields(name, tensor))),
    ...values(11, graph.inputs),
    ...values(12, graph.outputs),
  ];
}

function nodeFields({ op, inputs, outputs, attributes = {} }: OnnxNode): Uint8Array[] {
  const attributeFields = Object.entries(attributes).map(([name, value]) =>
    typeof value === 'number'
      ? message(5, [text(1, name), integer(3, value), integer(20, TYPE_INT)])
      : message(5, [text(1, name), ...value.map((entry) => integer(8, entry)), integer(20, TYPE_INTS)]),
  );
  return [
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...attributeFields,
  ];
}

function tensorFields(name: string, tensor: FloatTensor | BigInt64Array): Uint8Array[] {
  const isIntegers = tensor instanceof BigInt64Array;
  const values = isIntegers ? tensor : tensor.values;
  const dims = isIntegers ? [tensor.length] : tensor.dims;
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return [
    ...dims.map((size) => integer(1, size)),
    integer(2, isIntegers ? INT64 : FLOAT),
    text(8, name),
    message(9, [raw]),
  ];
}

function floatTypeField(dims: readonly (number | string)[]): Uint8Array {
  const sizes = dims.map((size) => message(1, [typeof size === 'number' ? integer(1, size) : text(2, size)]));
  return message(2, [message(1, [integer(1, FLOAT), message(2, sizes)])]);
}

const text = (field: number, value: string): Uint8Array => message(field, [new TextEncoder().encode(value)]);

const integer = (field: number, value: number): Uint8Array =>
  Uint8Array.from([...integerBytes(field * 8), ...integerBytes(value)]);

function message(field: number, parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Uint8Array.from([...integerBytes(field * 8 + 2), ...integerBytes(length)]), ...parts]);
}

function integerBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}
