"""Values -> tables, picture, report. No judgement, no widgets."""
