//! CloudTrail events: typed view over raw JSON, streaming readers for every known file shape.
