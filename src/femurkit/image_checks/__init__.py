"""What the voxel values of a CT show, whatever file it came from."""
