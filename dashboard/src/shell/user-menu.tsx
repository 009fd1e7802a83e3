"use client";

import { CircleUser, Monitor } from "lucide-react";
import { useRouter } from "next/navigation";
import type { ReactNode } from "react";
import { told } from "@/api/problem";
import { logOut } from "@/api/session";
import { useMe } from "@/lib/access";
import { theme, useTheme, useZone, zone } from "@/lib/preferences";
import { say } from "@/lib/toasts";
import { IconButton } from "@/ui/button";
import { Menu } from "@/ui/menu";
import { MenuChoice, MenuItem, MenuLabel, MenuLine } from "@/ui/menu-items";

/** Light or dark, and whose clock times are told by. */
export function ViewMenu(): ReactNode {
  return (
    <Menu
      trigger={
        <IconButton label="View">
          <Monitor aria-hidden size={16} />
        </IconButton>
      }
    >
      <MenuLabel>Colours</MenuLabel>
      <MenuChoice
        label="Colours"
        value={useTheme()}
        onChange={theme.set}
        choices={{ system: "As the system", light: "Light", dark: "Dark" }}
      />
      <MenuLine />
      <MenuLabel>Times</MenuLabel>
      <MenuChoice label="Times" value={useZone()} onChange={zone.set} choices={{ local: "Local", utc: "UTC" }} />
    </Menu>
  );
}

/** Who is signed in, and the way out. */
export function UserMenu(): ReactNode {
  const me = useMe();
  const router = useRouter();
  return (
    <Menu
      trigger={
        <IconButton label="Account">
          <CircleUser aria-hidden size={17} />
        </IconButton>
      }
    >
      <MenuLabel>
        <span className="anywhere block text-sm text-text">{me?.email ?? "…"}</span>
        {me?.role}
      </MenuLabel>
      <MenuLine />
      <MenuItem onSelect={() => router.push("/admin/?tab=me")}>Password and keys</MenuItem>
      <MenuItem onSelect={() => void logOut().catch((error: unknown) => say(told(error), "bad"))}>Sign out</MenuItem>
    </Menu>
  );
}
