"""The journal of recorded requests, and what is derived from it: findings, walks, the pagination audit and coverage."""
