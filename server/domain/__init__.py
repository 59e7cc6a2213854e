"""Pure rules of the office: values in, values out, time as an argument."""
