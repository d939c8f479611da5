"""Encoders whose weights lie on the Hugging Face hub, or in a folder laid out as the hub does.

Libraries that load them are imported on first use; nothing here runs code that comes with weights, nor reads a pickle.
"""
