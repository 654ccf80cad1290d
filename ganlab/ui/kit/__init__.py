"""What pages share: components, the frame, the server's runs, HTML and small drawings."""
