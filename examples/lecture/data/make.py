"""Makes circles.csv and blobs.csv, as they lie here: python3 make.py, with scikit-learn 1.9 and NumPy 2.4."""
import os

from sklearn.datasets import make_blobs, make_circles

FOLDER = os.path.dirname(os.path.abspath(__file__))


def write(name, x, y):
    with open(os.path.join(FOLDER, name), "w") as file:
        file.write("x1,x2,y\n")
        file.writelines(f"{a:.6f},{b:.6f},{label}\n" for (a, b), label in zip(x, y))


write("circles.csv", *make_circles(1000, noise=0.05, factor=0.5, random_state=42))
write("blobs.csv", *make_blobs(1000, n_features=2, centers=4, cluster_std=1.5, random_state=42))
