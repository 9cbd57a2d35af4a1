"""The lab: a throwaway folder to work in, and what shows and measures the work in it."""
