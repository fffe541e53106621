"""Words that all rooms share: verdicts, evidence, gaps, flows, traces, findings, errors."""
