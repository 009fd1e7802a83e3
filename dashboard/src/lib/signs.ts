/** Signs without a shape that turn the direction of the text around them. */

const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const ISOLATES = /[\u2066-\u2069]/g;
const END = "\u2069";

/** Return a text with such signs shown as what they are. */
export function shown(text: string): string {
  return text.replaceAll(TURNING, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Return a text that closes what it opens: an isolate left open would end at the text after it, even out of a `<bdi>`. */
export function closed(text: string): string {
  let open = 0;
  for (const [sign] of text.matchAll(ISOLATES)) open = sign === END ? Math.max(0, open - 1) : open + 1;
  return open === 0 ? text : text + END.repeat(open);
}
