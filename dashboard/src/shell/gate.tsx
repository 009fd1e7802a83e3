"use client";

import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { begin, readSession, type Session, watchSession } from "@/api/session";
import { useMe } from "@/lib/access";
import { follow } from "@/lib/feed";
import { Failure } from "@/ui/states";
import { Login } from "./login";

const UNKNOWN: Session = { kind: "unknown" };

export function useSession(): Session {
  return useSyncExternalStore(watchSession, readSession, () => UNKNOWN);
}

/** Asks who is there. A session that ends lays the login over the page: signed in again, all is as it was. */
export function Gate({ children }: { children: ReactNode }): ReactNode {
  const session = useSession();
  const [away, setAway] = useState<unknown>(null);
  const client = useQueryClient();
  const been = useRef(session.kind);
  const start = (): void => {
    setAway(null);
    begin().catch(setAway);
  };
  useEffect(() => {
    begin().catch(setAway);
  }, []);
  useEffect(() => {
    if (session.kind === "in" && been.current === "out") void client.invalidateQueries();
    if (session.kind === "out" && session.why === "left") client.clear();
    been.current = session.kind;
  }, [session, client]);
  if (session.kind === "unknown") return away ? <Failure error={away} onRetry={start} /> : children;
  return (
    <>
      {session.kind === "out" ? <Login why={session.why} /> : <Follower />}
      {session.kind === "out" && session.why !== "expired" ? null : (
        <div className="contents" hidden={session.kind === "out"} inert={session.kind === "out"}>
          {children}
        </div>
      )}
    </>
  );
}

function Follower(): ReactNode {
  const client = useQueryClient();
  const may = useMe()?.scopes.includes("stats:read");
  useEffect(() => (may === undefined ? undefined : follow(client, may)), [client, may]);
  return null;
}
