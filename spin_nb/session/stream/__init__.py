"""Streams: arrivals that are scored, watched for drift and offered for labelling."""
