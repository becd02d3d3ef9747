"""Use cases of the API: functions over the ports (`ports`)."""
