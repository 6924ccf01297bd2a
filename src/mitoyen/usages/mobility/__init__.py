"""Parking and mobility: places taken, counts of bikes, cars and visits, junctions out of order."""
