"""What every room leans on: audit trail, jobs, refusals."""
