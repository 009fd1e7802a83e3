/** Server-sent events over fetch: tokens never travel in a URL, which EventSource would need. */
import { send } from "@/api/client";
import { Unreachable } from "@/api/problem";
import { raise } from "@/api/session";

export interface Told {
  event: string;
  data: string;
  id: string;
}

/** Read events until the stream ends; raise if it could not be opened. `last` resumes after an event. */
export async function readStream(
  url: string,
  signal: AbortSignal,
  heed: (told: Told) => void,
  last = "",
  opened?: () => void,
): Promise<void> {
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  if (last) headers["Last-Event-ID"] = last;
  const response = await send("get", url, { signal, headers });
  if (!response.ok) raise(await response.text(), response.status);
  if (response.body === null) throw new Unreachable();
  opened?.();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const told = parse(block);
      if (told) heed(told);
    }
  }
}

function parse(block: string): Told | null {
  const told: Told = { event: "message", data: "", id: "" };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 1) continue;
    const value = line.slice(colon + 1).replace(/^ /, "");
    const name = line.slice(0, colon);
    if (name === "data") told.data += told.data ? `\n${value}` : value;
    if (name === "event") told.event = value;
    if (name === "id") told.id = value;
  }
  return told.data ? told : null;
}
