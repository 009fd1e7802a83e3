"use client";

import {
  cloneElement,
  createContext,
  type KeyboardEvent,
  type ReactElement,
  type ReactNode,
  useEffect,
  useRef,
  useState,
} from "react";

/** Closes the menu around an item. */
export const CloseMenu = createContext<() => void>(() => undefined);

interface TriggerProps {
  onClick?: () => void;
  "aria-haspopup"?: "menu";
  "aria-expanded"?: boolean;
}

/** A button that opens a menu above everything else; arrows, Home, End, first letters, Tab and Escape work. */
export function Menu({ trigger, children }: { trigger: ReactElement<TriggerProps>; children: ReactNode }): ReactNode {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLSpanElement>(null);
  const close = (): void => {
    setOpen(false);
    anchor.current?.querySelector("button")?.focus();
  };
  return (
    <span ref={anchor} className="inline-flex">
      {cloneElement(trigger, { onClick: () => setOpen(!open), "aria-haspopup": "menu", "aria-expanded": open })}
      {open ? (
        <CloseMenu value={close}>
          <List onClose={close} onLeave={() => setOpen(false)}>
            {children}
          </List>
        </CloseMenu>
      ) : null}
    </span>
  );
}

function List({
  onClose,
  onLeave,
  children,
}: {
  onClose: () => void;
  onLeave: () => void;
  children: ReactNode;
}): ReactNode {
  const list = useRef<HTMLDivElement>(null);
  const leave = useRef(onLeave);
  useEffect(() => {
    const element = list.current;
    const anchor = element?.parentElement;
    if (!element || !anchor) return undefined;
    element.showPopover();
    place(element, anchor.getBoundingClientRect());
    items(element)[0]?.focus();
    const elsewhere = (event: Event): void => {
      if (!(event.target instanceof Node) || !anchor.contains(event.target)) leave.current();
    };
    document.addEventListener("pointerdown", elsewhere);
    window.addEventListener("scroll", elsewhere, true);
    window.addEventListener("resize", elsewhere);
    return () => {
      document.removeEventListener("pointerdown", elsewhere);
      window.removeEventListener("scroll", elsewhere, true);
      window.removeEventListener("resize", elsewhere);
    };
  }, []);
  const steer = (event: KeyboardEvent): void => {
    if (event.key === "Escape") onClose();
    else if (event.key === "Tab") onLeave();
    else if (!move(event, list.current)) return;
    if (event.key !== "Tab") event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      ref={list}
      role="menu"
      tabIndex={-1}
      popover="manual"
      onKeyDown={steer}
      className="fixed m-0 max-h-[70dvh] max-w-80 min-w-44 overflow-auto rounded-lg border border-line bg-surface p-1 text-text shadow-float"
    >
      {children}
    </div>
  );
}

function items(list: HTMLElement | null): HTMLElement[] {
  return [...(list?.querySelectorAll<HTMLElement>("[role^=menuitem]:not([disabled])") ?? [])];
}

/** Put the list below its button, within the window. */
function place(list: HTMLElement, anchor: DOMRect): void {
  const { width, height } = list.getBoundingClientRect();
  const left = Math.max(8, Math.min(anchor.right - width, window.innerWidth - width - 8));
  const below = anchor.bottom + 4;
  const top = below + height > window.innerHeight - 8 ? Math.max(8, anchor.top - height - 4) : below;
  list.style.left = `${left}px`;
  list.style.top = `${top}px`;
}

function move(event: KeyboardEvent, list: HTMLElement | null): boolean {
  const all = items(list);
  const at = all.indexOf(document.activeElement as HTMLElement);
  const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 };
  const letter = event.key.length === 1 && /\S/.test(event.key) && !event.ctrlKey && !event.metaKey;
  const start = (each: HTMLElement): boolean =>
    !!each.textContent?.trim().toLowerCase().startsWith(event.key.toLowerCase());
  const target = letter
    ? [...all.slice(at + 1), ...all].find(start)
    : all.at((steps[event.key] ?? Number.NaN) % all.length);
  if (!letter && !(event.key in steps)) return false;
  target?.focus();
  return true;
}
