"""How far the data has come: the watermark over the partitions of a source."""
