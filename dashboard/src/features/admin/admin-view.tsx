"use client";

import dynamic from "next/dynamic";
import { parseAsStringLiteral, useQueryState } from "nuqs";
import type { ReactNode } from "react";
import { useMay, useMe } from "@/lib/access";
import { Page } from "@/ui/page";
import { Loading } from "@/ui/states";
import { Tabs } from "@/ui/tabs";

const Mine = dynamic(() => import("./mine").then((module) => module.Mine), { ssr: false, loading: () => <Loading /> });
const Users = dynamic(() => import("./users").then((module) => module.Users), {
  ssr: false,
  loading: () => <Loading />,
});
const Keys = dynamic(() => import("./keys").then((module) => module.Keys), { ssr: false, loading: () => <Loading /> });
const Audit = dynamic(() => import("./audit").then((module) => module.Audit), {
  ssr: false,
  loading: () => <Loading />,
});
const System = dynamic(() => import("./system").then((module) => module.System), {
  ssr: false,
  loading: () => <Loading />,
});

const TABS = [
  ["me", "My account"],
  ["keys", "API keys"],
  ["users", "People"],
  ["audit", "Audit log"],
  ["system", "System"],
] as const;
const NAMES = TABS.map(([id]) => id);

/** The own account and keys; people, the audit log and the system for who may see them. */
export function AdminView(): ReactNode {
  const [tab, setTab] = useQueryState(
    "tab",
    parseAsStringLiteral(NAMES).withDefault("me").withOptions({ history: "push" }),
  );
  const me = useMe();
  const admin = useMay("admin");
  const tabs = admin ? TABS : TABS.slice(0, 2);
  const here = tabs.some(([id]) => id === tab) ? tab : "me";
  return (
    <Page title="Admin">
      <Tabs label="Parts" here={here} tabs={tabs} onChange={(next) => void setTab(next)} />
      {me === undefined ? (
        <Loading />
      ) : here === "users" ? (
        <Users />
      ) : here === "keys" ? (
        <Keys />
      ) : here === "audit" ? (
        <Audit />
      ) : here === "system" ? (
        <System />
      ) : (
        <Mine me={me} />
      )}
    </Page>
  );
}
