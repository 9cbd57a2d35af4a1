"""The sensor for the irregular source: new and corrected files become keys and run requests."""
