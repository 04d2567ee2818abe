/**
 * A language model in GGUF, of some 40 kB, that really runs and always says the same, so that no registry of models is needed. Its
 * one layer adds nothing, so each token follows from the one before it alone: after one of `says` comes the next one, after the
 * last the end, and after any other token the first.
 */
export function tinyModel(says: readonly string[]): Uint8Array<ArrayBuffer> {
  const bytes = Array.from({ length: 256 }, (_, at) => `<0x${at.toString(16).toUpperCase().padStart(2, "0")}>`);
  const tokens = ["<unk>", "<s>", "</s>", ...bytes, ...says.map((word) => `▁${word}`)];
  const END = 2;
  const first = tokens.length - says.length;
  const WIDTH = 32;

  // The kind of a token: 0, or its place in `says` plus 1; and the kind after which it comes.
  const like = tokens.flatMap((_, token) => oneHot(Math.max(0, token - first + 1)));
  const follows = tokens.flatMap((_, token) => (token === END ? oneHot(says.length) : oneHot(token - first)));
  const square = new Array<number>(WIDTH * WIDTH).fill(0);
  const ones = new Array<number>(WIDTH).fill(1);
  const tensors: [string, number[], number[]][] = [
    ["token_embd.weight", [WIDTH, tokens.length], like],
    ["output_norm.weight", [WIDTH], ones],
    ["output.weight", [WIDTH, tokens.length], follows.map((value) => value * 10)],
    ["blk.0.attn_norm.weight", [WIDTH], ones],
    ["blk.0.ffn_norm.weight", [WIDTH], ones],
    ...["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"].map(
      (name): [string, number[], number[]] => [`blk.0.${name}.weight`, [WIDTH, WIDTH], square],
    ),
  ];

  function oneHot(place: number): number[] {
    return Array.from({ length: WIDTH }, (_, at) => (at === place ? 1 : 0));
  }

  const facts = [
    fact("general.architecture", 8, text("llama")),
    fact("llama.context_length", 4, u32(2048)),
    fact("llama.embedding_length", 4, u32(WIDTH)),
    fact("llama.block_count", 4, u32(1)),
    fact("llama.feed_forward_length", 4, u32(WIDTH)),
    fact("llama.attention.head_count", 4, u32(1)),
    fact("llama.attention.layer_norm_rms_epsilon", 6, f32(1e-5)),
    fact("llama.rope.dimension_count", 4, u32(WIDTH)),
    fact("llama.vocab_size", 4, u32(tokens.length)),
    fact("tokenizer.ggml.model", 8, text("llama")),
    fact("tokenizer.ggml.tokens", 9, list(8, tokens.map(text))),
    fact(
      "tokenizer.ggml.scores",
      9,
      list(
        6,
        tokens.map(() => f32(0)),
      ),
    ),
    // Unknown, control, byte, normal.
    fact(
      "tokenizer.ggml.token_type",
      9,
      list(
        5,
        tokens.map((_, at) => u32(at === 0 ? 2 : at <= END ? 3 : at < first ? 6 : 1)),
      ),
    ),
    fact("tokenizer.ggml.bos_token_id", 4, u32(1)),
    fact("tokenizer.ggml.eos_token_id", 4, u32(END)),
  ];
  let offset = 0;
  const described = tensors.map(([name, shape, values]) => {
    const at = offset;
    offset += values.length * 4;
    return Buffer.concat([text(name), u32(shape.length), ...shape.map(u64), u32(0), u64(at)]);
  });
  const head = Buffer.concat([
    Buffer.from("GGUF"),
    u32(3),
    u64(tensors.length),
    u64(facts.length),
    ...facts,
    ...described,
  ]);
  const padding = Buffer.alloc(-head.length & 31);
  const data = tensors.map(([, , values]) => Buffer.from(Float32Array.from(values).buffer));
  return new Uint8Array(Buffer.concat([head, padding, ...data]));
}

// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md: little-endian; a fact is a name, a type and a value.
const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
const u64 = (value: number) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
const f32 = (value: number) => Buffer.from(Float32Array.of(value).buffer);
const text = (value: string) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
const list = (type: number, values: readonly Buffer[]) => Buffer.concat([u32(type), u64(values.length), ...values]);
const fact = (name: string, type: number, value: Buffer) => Buffer.concat([text(name), u32(type), value]);
