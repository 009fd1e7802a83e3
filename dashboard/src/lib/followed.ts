/** A text that somebody edits, and that follows what it began as when that changes; the field keeps the focus. */
"use client";

import { useState } from "react";

export function useFollowed(value: string): readonly [string, (text: string) => void] {
  const [text, setText] = useState(value);
  const [followed, setFollowed] = useState(value);
  if (followed !== value) {
    setFollowed(value);
    setText(value);
  }
  return [text, setText];
}
