/** Every page, by the name under which its pictures are kept. */
export const PAGES: Readonly<Record<string, string>> = {
  overview: "/",
  jobs: "/jobs/",
  job: "/jobs/view/?id=JOB",
  queues: "/queues/",
  queue: "/queues/view/?name=ledger",
  schedules: "/schedules/",
  schedule: "/schedules/view/?name=nightly-report",
  "schedule-edit": "/schedules/edit/?name=nightly-report",
  workers: "/workers/",
  tasks: "/tasks/",
  task: "/tasks/view/?id=mail.send",
  "dead-letters": "/dead-letters/",
  "bulk-operations": "/bulk-operations/",
  "bulk-operation": "/bulk-operations/view/?id=OPERATION",
  account: "/admin/",
  keys: "/admin/?tab=keys",
  people: "/admin/?tab=users",
  audit: "/admin/?tab=audit",
  system: "/admin/?tab=system",
  "not-found": "/nowhere/",
};
export const WIDTHS = [1440, 768, 360] as const;
