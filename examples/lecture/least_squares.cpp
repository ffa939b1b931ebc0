// The exact least-squares solution of a data file beside the weights that training found. The model is linked into this
// program, so that its mean squared error is computed by the compiled code.
// usage: least_squares DATA.csv WEIGHTS.safetensors
#include "quern/quern.hpp"
#include "regression.h"

#include <Eigen/Dense>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

/// A line of names, then rows of numbers; the last column is the target.
static Eigen::MatrixXd readTable(const char *path) {
  std::ifstream file(path);
  std::string line, cell;
  if (!std::getline(file, line))
    throw std::runtime_error(std::string("cannot read ") + path);
  std::vector<double> cells;
  Eigen::Index rows = 0;
  for (; std::getline(file, line); ++rows)
    for (std::istringstream row(line); std::getline(row, cell, ',');)
      cells.push_back(std::stod(cell));
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<RowMajor>(cells.data(), rows, static_cast<Eigen::Index>(cells.size()) / rows);
}

/// The loss of the compiled model, which has these weights: the bias, then one a feature.
static float lossOf(quern::Instance &net, const Eigen::MatrixXd &table, const Eigen::VectorXd &weights) {
  const std::int64_t rows = table.rows(), features = table.cols() - 1;
  quern::Span<float> weight, bias;
  net.tensor("linear.weight", weight).orThrow();
  net.tensor("linear.bias", bias).orThrow();
  bias[0] = static_cast<float>(weights[0]);
  for (std::int64_t i = 0; i < features; ++i)
    weight[static_cast<std::size_t>(i)] = static_cast<float>(weights[i + 1]);

  // Column-major and transposed is what a dense row-major array is.
  Eigen::MatrixXf x = table.leftCols(features).transpose().cast<float>();
  Eigen::VectorXf y = table.col(features).cast<float>();
  const std::int64_t xExtents[] = {rows, features}, yExtents[] = {rows, 1}, dims[] = {rows};
  const quern_array inputs[] = {quern::array(x.data(), xExtents), quern::array(y.data(), yExtents)};
  quern::Call loss;
  quern_array result;
  quern::Call::create(net, "loss_validate", loss).orThrow();
  loss.reserve(dims).orThrow();
  loss.bind(inputs).orThrow();
  loss.run().orThrow();
  loss.output(0, result).orThrow();
  return *static_cast<const float *>(result.data);
}

static void print(const char *name, quern::Instance &net, const Eigen::MatrixXd &table, const Eigen::VectorXd &weights) {
  std::printf("%-14s bias %8.3f  weight", name, weights[0]);
  for (Eigen::Index i = 1; i < weights.size(); ++i)
    std::printf(" %8.3f", weights[i]);
  std::printf("  mse %8.3f\n", lossOf(net, table, weights));
}

int main(int argc, char **argv) try {
  if (argc != 3)
    throw std::runtime_error("usage: least_squares DATA.csv WEIGHTS.safetensors");
  Eigen::MatrixXd table = readTable(argv[1]);
  const Eigen::Index features = table.cols() - 1;

  Eigen::MatrixXd ones(table.rows(), table.cols());
  ones << Eigen::VectorXd::Ones(table.rows()), table.leftCols(features);
  Eigen::VectorXd exact = ones.colPivHouseholderQr().solve(table.col(features));

  quern::Instance net;
  quern::Instance::create(quern_model_regression, nullptr, net).orThrow();
  net.load(argv[2]).orThrow();
  quern::Span<float> weight, bias;
  net.tensor("linear.weight", weight).orThrow();
  net.tensor("linear.bias", bias).orThrow();
  Eigen::VectorXd trained(features + 1);
  trained[0] = bias[0];
  for (Eigen::Index i = 0; i < features; ++i)
    trained[i + 1] = weight[static_cast<std::size_t>(i)];

  print("least squares", net, table, exact);
  print("trained", net, table, trained);
  return 0;
} catch (const std::exception &error) {
  std::fprintf(stderr, "error: %s\n", error.what());
  return 1;
}
