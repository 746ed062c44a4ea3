"""The demo: the whole main job, watched and collected."""
