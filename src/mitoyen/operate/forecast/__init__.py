"""What comes next: every hourly series to 48 hours, with its interval and its past accuracy beside a naive one."""
