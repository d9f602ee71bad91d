"""What a layer holds, in a form that can be compared."""


def rows(layer):
    """Every feature as (fields, geometry), in the layer's order."""
    return [(feature.items(), bytes(feature.geometry().ExportToIsoWkb())) for feature in layer]


def fids(layer):
    return [feature.GetFID() for feature in layer]


def counts(dataset):
    return {name: int(value) for name, value in dataset.GetMetadata("GACLIP").items()}
