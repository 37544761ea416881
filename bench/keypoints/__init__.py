"""How well keypoints give a homography."""
