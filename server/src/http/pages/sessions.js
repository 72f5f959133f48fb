// Where somebody is logged in, and how that ends.
import { action, moment, node, table } from "./parts.js";

const PROGRAMS = [["Edge", /\bEdg\//], ["Opera", /\bOPR\//], ["Firefox", /\bFirefox\//], ["Chromium", /\b(?:Headless)?Chrom(?:e|ium)\//], ["Safari", /\bSafari\//]];
const SYSTEMS = [["Android", /\bAndroid\b/], ["iOS", /\b(?:iPhone|iPad)\b/], ["Windows", /\bWindows\b/], ["macOS", /\bMac OS X\b/], ["Linux", /\bLinux\b/]];
/** Longest name of a program that says something else of itself. */
const LONGEST = 80;

const named = (list, text) => list.find(([, pattern]) => pattern.test(text))?.[0];

/** A browser by its name, everything else as it calls itself: anyone may call themselves anything. */
export function device(userAgent) {
  if (!userAgent) return "unknown";
  const [program, system] = [named(PROGRAMS, userAgent), named(SYSTEMS, userAgent)];
  const text = /^Mozilla\/5\.0 [\w.,:;()/ +-]*$/.test(userAgent) && program && system ? `${program} on ${system}` : userAgent.slice(0, LONGEST);
  return node("span", { title: userAgent }, text);
}

/** The sessions as a table; `end` ends the one of this id. */
export function sessionTable(sessions, end) {
  const row = ({ id, user_agent, ip_address, created_at, last_seen_at, is_current }) => [
    device(user_agent),
    ip_address ?? "unknown",
    moment(created_at),
    moment(last_seen_at),
    is_current ? "this one" : action("End", () => end(id), { "aria-label": `End the session from ${ip_address ?? "unknown"} of ${new Date(created_at).toLocaleString()}` }),
  ];
  return table("Sessions", ["Device", "Address", "Since", "Last seen", ""], sessions.map(row));
}
