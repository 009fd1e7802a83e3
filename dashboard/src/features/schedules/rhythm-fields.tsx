"use client";

import type { ReactNode } from "react";
import { SelectField, TextField } from "@/ui/field";
import type { Rhythm } from "./next-fires";

interface RhythmProps {
  rhythm: Rhythm;
  onChange: (rhythm: Rhythm) => void;
  errorAt: (pointer: string) => string | undefined;
}

const EVERY_S = 3600;

/** By the clock, or so far apart. */
export function RhythmFields({ rhythm, onChange, errorAt }: RhythmProps): ReactNode {
  const byClock = rhythm.cron !== null;
  const turn = (kind: string): void =>
    onChange(
      kind === "cron" ? { ...rhythm, cron: "0 9 * * *", every_s: null } : { ...rhythm, cron: null, every_s: EVERY_S },
    );
  return (
    <div className="grid gap-3 sm:grid-cols-3">
      <SelectField label="Rhythm" value={byClock ? "cron" : "every"} onChange={(event) => turn(event.target.value)}>
        <option value="cron">by the clock (cron)</option>
        <option value="every">every so often</option>
      </SelectField>
      {byClock ? (
        <>
          <TextField
            label="Cron expression"
            className="font-mono"
            hint="minute hour day month weekday"
            value={rhythm.cron ?? ""}
            error={errorAt("/cron")}
            onChange={(event) => onChange({ ...rhythm, cron: event.target.value })}
          />
          <TextField
            label="Time zone"
            value={rhythm.zone}
            list="zones"
            error={errorAt("/zone")}
            onChange={(event) => onChange({ ...rhythm, zone: event.target.value })}
          />
          <datalist id="zones">
            {Intl.supportedValuesOf("timeZone").map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
        </>
      ) : (
        <TextField
          label="Seconds apart"
          type="number"
          min={0.1}
          step="any"
          value={rhythm.every_s ?? ""}
          error={errorAt("/every_s")}
          onChange={(event) =>
            onChange({ ...rhythm, every_s: event.target.value === "" ? null : Number(event.target.value) })
          }
        />
      )}
    </div>
  );
}

export interface Rules {
  overlap: "skip" | "queue";
  catch_up: "none" | "last" | "all";
  jitter_s: number;
}

/** What happens when one still runs, when times were missed, and how exact it must be. */
export function RulesFields({ rules, onChange }: { rules: Rules; onChange: (rules: Rules) => void }): ReactNode {
  return (
    <div className="grid gap-3 sm:grid-cols-3">
      <SelectField
        label="One still waits or runs"
        value={rules.overlap}
        onChange={(event) => onChange({ ...rules, overlap: event.target.value as Rules["overlap"] })}
      >
        <option value="skip">skip the fire time</option>
        <option value="queue">make one more</option>
      </SelectField>
      <SelectField
        label="Times were missed"
        value={rules.catch_up}
        onChange={(event) => onChange({ ...rules, catch_up: event.target.value as Rules["catch_up"] })}
      >
        <option value="none">let them go</option>
        <option value="last">make up for the last</option>
        <option value="all">make up for all</option>
      </SelectField>
      <TextField
        label="Put off by at most, seconds"
        type="number"
        min={0}
        step="any"
        value={rules.jitter_s}
        onChange={(event) => onChange({ ...rules, jitter_s: Number(event.target.value) })}
      />
    </div>
  );
}
