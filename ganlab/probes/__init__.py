"""What a network and its samples are like, measured. Knows no training, file or screen; changes nothing it measures."""

from ganlab.probes.lipschitz import lipschitz_factors as lipschitz_factors
