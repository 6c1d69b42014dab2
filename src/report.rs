//! Any reading of the above as text or JSON, to a given writer.
