/** Calls to the API, typed by its own OpenAPI document. */
import { parseAnswer, stringifyExact } from "./json";
import { freshToken, raise, reach, refresh } from "./session";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
type Method = "get" | "post" | "put" | "patch" | "delete";
type PathsWith<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, object> ? P : never }[keyof paths];
type Operation<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never;
type QueryOf<O> = O extends { parameters: { query?: infer Q } } ? Q : never;
type PathOf<O> = O extends { parameters: { path: infer Q } } ? Q : never;
type BodyOf<O> = O extends { requestBody?: infer B }
  ? NonNullable<B> extends { content: { "application/json": infer J } }
    ? J
    : never
  : never;
type Content<R> = R extends { content: { "application/json": infer J } } ? J : never;
export type AnswerOf<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { responses: infer R } ? Content<R[keyof R & (200 | 201 | 202)]> : never;

export interface CallInit<O> {
  path?: PathOf<O>;
  query?: QueryOf<O>;
  body?: BodyOf<O> | Record<string, unknown>;
  etag?: string;
  once?: boolean;
  signal?: AbortSignal;
}

function caller<M extends Method>(method: M) {
  return async <P extends PathsWith<M>>(path: P, init: CallInit<Operation<P, M>> = {}): Promise<AnswerOf<P, M>> => {
    const response = await send(method, address(path, init.path, init.query), init);
    const text = await response.text();
    if (!response.ok) raise(text, response.status);
    return (text ? parseAnswer(text) : null) as AnswerOf<P, M>;
  };
}

export const api = {
  get: caller("get"),
  post: caller("post"),
  put: caller("put"),
  patch: caller("patch"),
  delete: caller("delete"),
};

interface Sent {
  body?: unknown;
  etag?: string;
  once?: boolean;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

/** Send an authorised request; a token that was refused is renewed once. */
export async function send(method: string, url: string, init: Sent = {}): Promise<Response> {
  const bodied = method !== "get" && method !== "delete";
  const headers: Record<string, string> = { Accept: "application/json", ...init.headers };
  if (bodied) headers["Content-Type"] = "application/json";
  if (init.etag !== undefined) headers["If-Match"] = init.etag.startsWith('"') ? init.etag : `"${init.etag}"`;
  if (init.once) headers["Idempotency-Key"] = randomKey();
  const request = async (): Promise<Response> =>
    reach(url, {
      method: method.toUpperCase(),
      headers: { ...headers, Authorization: `Bearer ${await freshToken()}` },
      ...(bodied ? { body: stringifyExact(init.body ?? {}) } : {}),
      ...(init.signal ? { signal: init.signal } : {}),
    });
  const response = await request();
  if (response.status !== 401) return response;
  await refresh();
  return request();
}

/** Return the URL of a path with its parameters; repeated ones come one by one. */
export function address(path: string, named?: unknown, query?: unknown): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String((named as Record<string, unknown>)[name])),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries((query ?? {}) as Record<string, unknown>)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== null && each !== "") search.append(name, String(each));
    }
  }
  const text = search.toString();
  return text ? `${filled}?${text}` : filled;
}

function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
