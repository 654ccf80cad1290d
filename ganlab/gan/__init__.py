"""The algorithm: networks, the clamp, the updates of Algorithm 1, and sampling."""
