"""eQueue: a job queue on PostgreSQL whose leases, fences and retries you can reason about."""
