/** Who is signed in: the access token lives in memory, the refresh token in a cookie out of reach of scripts. */
import { parseAnswer } from "./json";
import { Problem, type ProblemDocument, SignedOut, Unreachable } from "./problem";

export type Why = "first" | "expired" | "left" | "revoked";
export type Session = { kind: "unknown" } | { kind: "out"; why: Why } | { kind: "in"; token: string; until: number };

const EARLY_MS = 45_000;
let session: Session = { kind: "unknown" };
let refreshing: Promise<void> | null = null;
const listeners = new Set<() => void>();

export function readSession(): Session {
  return session;
}

export function watchSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function become(next: Session): void {
  session = next;
  for (const listener of listeners) listener();
}

/** Return a token that is good for a while; raise `SignedOut` if there is none to be had. */
export async function freshToken(): Promise<string> {
  if (session.kind === "out") throw new SignedOut();
  if (session.kind === "unknown" || session.until - EARLY_MS < Date.now()) await refresh();
  const now: Session = readSession();
  if (now.kind !== "in") throw new SignedOut();
  return now.token;
}

/** Exchange the cookie for a token, once for all who ask meanwhile. */
export function refresh(): Promise<void> {
  refreshing ??= exchange().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function exchange(): Promise<void> {
  const first = session.kind === "unknown";
  try {
    hold(await post("/api/v1/auth/refresh"));
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500 || error.status === 429) throw error;
    become({ kind: "out", why: first ? "first" : "expired" });
  }
}

/** Follow the one-time link in the address, if there is one; else see whether somebody is signed in already. */
export async function begin(): Promise<void> {
  const token = /^#once=([\w.~-]+)$/.exec(location.hash)?.[1];
  if (token === undefined) return refresh();
  history.replaceState(history.state, "", location.pathname + location.search);
  try {
    hold(await post("/api/v1/auth/link", { token }));
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500) throw error;
    await refresh();
  }
}

export async function logIn(email: string, password: string): Promise<void> {
  hold(await post("/api/v1/auth/login", { email, password }));
}

export async function logOut(): Promise<void> {
  await post("/api/v1/auth/logout");
  become({ kind: "out", why: "left" });
}

/** Take the tokens of an answer that begins a session. */
export function hold(answer: unknown): void {
  const { access_token, expires_in } = answer as { access_token: string; expires_in: number };
  become({ kind: "in", token: access_token, until: Date.now() + expires_in * 1000 });
}

async function post(path: string, body?: object): Promise<unknown> {
  const response = await reach(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body ?? {}),
  });
  const text = await response.text();
  return response.ok ? (text ? parseAnswer(text) : null) : raise(text, response.status);
}

/** Send a request; what keeps it from the API is raised as `Unreachable`. */
export async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { credentials: "same-origin", cache: "no-store", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable();
  }
}

/** Raise what a refusal says. */
export function raise(text: string, status: number): never {
  let document: unknown;
  try {
    document = parseAnswer(text);
  } catch {
    throw new Unreachable(`Something answered ${status}, but not the API.`);
  }
  throw new Problem(document as ProblemDocument);
}
