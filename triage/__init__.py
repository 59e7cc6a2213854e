"""From the words of a report to an assessment: label, category, cues, route, doubts, reasons."""
