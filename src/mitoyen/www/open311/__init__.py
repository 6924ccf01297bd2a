"""Open311 GeoReport v2 (wiki.open311.org/GeoReport_v2): other applications hand requests in and read what is public."""
