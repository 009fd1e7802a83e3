"use client";

import { ArrowDownNarrowWide, ArrowUpNarrowWide, Columns3, Download } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/ui/button";
import { Menu } from "@/ui/menu";
import { MenuCheck, MenuItem } from "@/ui/menu-items";
import { HIDEABLE } from "./columns";
import { exportJobs } from "./export";
import type { JobsUrl } from "./url";

/** The order, the columns, and every job that the filter means as a file. */
export function Tools({ url }: { url: JobsUrl }): ReactNode {
  const newest = url.asked.sort === "-created_at";
  const Order = newest ? ArrowDownNarrowWide : ArrowUpNarrowWide;
  return (
    <>
      <Button small onClick={() => url.ask({ sort: newest ? "created_at" : "-created_at" })}>
        <Order aria-hidden size={14} /> {newest ? "Newest first" : "Oldest first"}
      </Button>
      <Menu
        trigger={
          <Button small>
            <Columns3 aria-hidden size={14} /> Columns
          </Button>
        }
      >
        {Object.entries(HIDEABLE).map(([id, name]) => (
          <MenuCheck
            key={id}
            checked={!url.hide.includes(id)}
            onChange={(on) => url.setHide(on ? url.hide.filter((each) => each !== id) : [...url.hide, id])}
          >
            {name}
          </MenuCheck>
        ))}
      </Menu>
      <Menu
        trigger={
          <Button small>
            <Download aria-hidden size={14} /> Export
          </Button>
        }
      >
        <MenuItem onSelect={() => void exportJobs(url.asked, "ndjson")}>NDJSON</MenuItem>
        <MenuItem onSelect={() => void exportJobs(url.asked, "csv")}>CSV</MenuItem>
      </Menu>
    </>
  );
}
