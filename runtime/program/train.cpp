// `train`: epochs over the data, with validation, early stopping, history and checkpoints.
#include "runtime/core/file.h"
#include "runtime/core/instance.h"
#include "runtime/core/status.h"
#include "runtime/plot/pictures.h"
#include "runtime/program/interrupt.h"
#include "runtime/program/progress_bar.h"
#include "runtime/program/session.h"
#include "runtime/train/checkpoint.h"
#include "runtime/train/evaluator.h"
#include "runtime/train/history.h"
#include "runtime/train/shuffle.h"

#include <math.h>

using namespace quern::runtime;

namespace {

constexpr uint32_t trainKinds = 1u << QUERN_ENTRY_TRAIN;
constexpr uint32_t evalKinds = 1u << QUERN_ENTRY_VALIDATE | 1u << QUERN_ENTRY_METRIC;

class TrainRun {
public:
  TrainRun(const quern_model &model, const Flags &flags, quern_message *message)
      : model(model), flags(flags), message(message), bar(!flags.quiet) {}

  quern_status run(int *interrupted) {
    quern_status status = openState();
    if (!status)
      status = openData();
    if (!status)
      status = prepare();
    InterruptScope scope;
    const volatile sig_atomic_t *signal = InterruptScope::received();
    while (!status && state.epoch < flags.epochs && !stopped && !*signal)
      status = runEpoch();
    // Where an epoch fails, the last checkpoint stays what it is.
    if (!status && !saved && !(flags.resume && unchanged))
      status = save();
    if (!status && state.epoch < flags.epochs && !stopped) {
      *interrupted = *signal;
      tellInterrupt();
    }
    return status;
  }

private:
  quern_status openState() {
    if (flags.data.empty())
      return fail(message, QUERN_INVALID, "train needs --data");
    if (flags.splitGiven && !flags.validation.empty())
      return fail(message, QUERN_INVALID, "--split and --val exclude each other");
    if (flags.resume && flags.save.empty())
      return fail(message, QUERN_INVALID, "--resume needs --save FILE, which holds the run");
    if (flags.saveEvery && flags.save.empty())
      return fail(message, QUERN_INVALID, "--save-every needs --save FILE");
    if (!flags.save.empty())
      if (quern_status status = checkWritable(flags.save.c_str(), message))
        return status;
    if (flags.resume && (!flags.load.empty() || flags.seedGiven || !flags.standardize.empty()))
      return fail(message, QUERN_INVALID,
                  "--resume takes weights, seed and scalers from the run; leave --load, --seed and "
                  "--standardize out");
    if (!flags.schedule.empty() && !hasLearningRate())
      return fail(message, QUERN_INVALID, "--schedule: model %s has no run-time scalar lr",
                  model.name);
    if (quern_status status = session.open(model, flags, message))
      return status;
    state.scalers = std::move(session.scalers);
    if (flags.resume)
      if (quern_status status =
              loadCheckpoint(*session.instance, flags.save.c_str(), state, message))
        return status;
    if (quern_status status = mergeFlags())
      return status;
    if (flags.resume && state.epoch >= flags.epochs && !flags.quiet)
      printf("already trained for %lld epochs\n", static_cast<long long>(state.epoch));
    return QUERN_OK;
  }

  /// Lets the command line change what the resumed run was started with.
  quern_status mergeFlags() {
    int64_t batch = state.batch;
    double split = state.split;
    bool shuffle = state.shuffle, dropLast = state.dropLast;
    if (flags.batchGiven || !flags.resume)
      state.batch = flags.batch;
    if (flags.splitGiven || !flags.resume)
      state.split = flags.split;
    if (!flags.schedule.empty()) {
      state.schedule = flags.schedule.copy();
      state.plateau = Plateau();
    }
    if (!state.schedule.intact())
      return failMemory(message, "the schedule", 0);
    if (!state.schedule.empty() && !schedule.parse(state.schedule.c_str()))
      return fail(message, QUERN_CORRUPT, "%s: the schedule is corrupt", flags.save.c_str());
    if (flags.noShuffle)
      state.shuffle = false;
    if (flags.dropLast)
      state.dropLast = true;
    if (flags.resume && !flags.validation.empty())
      state.split = 0;
    if (batch != state.batch || split != state.split || shuffle != state.shuffle ||
        dropLast != state.dropLast)
      state.batchesDone = 0; // an interrupted epoch starts again, in other batches
    for (const NamedNumber &hyper : flags.hypers) {
      bool known = false;
      for (Scalar &old : state.hypers)
        if (old.name.equals(hyper.name.c_str())) {
          old.value = hyper.value;
          known = true;
        }
      if (!known && !state.hypers.push({hyper.name.copy(), hyper.value}))
        return failMemory(message, "the flags", 0);
    }
    return QUERN_OK;
  }

  /// Matches everything that training and validation need before scalers are fitted and applied.
  quern_status openData() {
    bool apart = !flags.validation.empty();
    validating = apart || state.split > 0;
    quern_status status = parseData(flags.data, trainSpecification, message);
    if (!status)
      status = parseData(flags.validation, validationSpecification, message);
    if (!status)
      status = trainData.open(trainSpecification, nullptr, message);
    if (!status)
      status =
          matchKinds(model, trainKinds | (state.split > 0 ? evalKinds : 0), trainData, message);
    if (!status && apart)
      status = validationData.open(validationSpecification, &trainSpecification, message);
    if (!status && apart)
      status = matchKinds(model, evalKinds, validationData, message);
    if (!status)
      status = splitRows();
    for (const Text &input : flags.standardize) {
      if (status)
        return status;
      Scaler scaler;
      status = fitScaler(trainData, input.c_str(), trainRows.empty() ? nullptr : trainRows.data(),
                         trainCount, scaler, message);
      for (const Scaler &other : state.scalers)
        if (!status && other.input.equals(input.c_str()))
          status = fail(message, QUERN_INVALID, "%s is standardized by %s already", input.c_str(),
                        flags.load.empty() ? "an earlier --standardize" : flags.load.c_str());
      if (!status && !state.scalers.push(std::move(scaler)))
        status = failMemory(message, input.c_str(), 0);
    }
    if (!status)
      status = applyScalers(trainData, state.scalers, message);
    if (!status && apart)
      status = applyScalers(validationData, state.scalers, message);
    return status;
  }

  /// Holds rows out at random, and leaves both parts in the order of the data.
  quern_status splitRows() {
    int64_t rows = trainData.rows();
    trainCount = rows;
    if (state.split <= 0)
      return QUERN_OK;
    int64_t held = llround(state.split * static_cast<double>(rows));
    if (held < 1 || held >= rows)
      return fail(message, QUERN_INVALID, "--split %g of %lld rows leaves nothing on one side",
                  state.split, static_cast<long long>(rows));
    Array<uint32_t> order;
    Array<bool> isHeld;
    if (!order.resize(rows) || !isHeld.resize(rows))
      return failMemory(message, "the split", rows * 5);
    shuffle(session.instance->seed, Stream::Split, 0, nullptr, static_cast<uint32_t>(rows),
            order.data());
    for (int64_t i = 0; i < held; ++i)
      isHeld[order[i]] = true;
    for (int64_t i = 0; i < rows; ++i)
      if (!(isHeld[i] ? heldRows : trainRows).push(static_cast<uint32_t>(i)))
        return failMemory(message, "the split", rows * 4);
    trainCount = rows - held;
    return QUERN_OK;
  }

  quern_status prepare() {
    TrainerOptions options;
    options.batch = state.batch;
    options.shuffle = state.shuffle;
    options.dropLast = state.dropLast && state.batch <= trainCount;
    quern_status status =
        trainer.prepare(session.instance, trainData, trainRows.empty() ? nullptr : trainRows.data(),
                        trainCount, options, message);
    if (!status && state.batchesDone && !trainer.resumeWithin(state.batchesDone, state.sums))
      status =
          fail(message, QUERN_MISMATCH,
               "%s: the run stopped after %lld batches of an epoch, but these data make %lld",
               trainingPath(flags.save.c_str()).c_str(), static_cast<long long>(state.batchesDone),
               static_cast<long long>(trainer.batches()));
    if (!status && validating) {
      bool held = !heldRows.empty();
      validationCount = held ? heldRows.size() : validationData.rows();
      status = evaluator.prepare(session.instance, held ? trainData : validationData, state.batch,
                                 validationCount, "val_", message);
    }
    for (const Scalar &hyper : state.hypers) {
      quern_status trained = trainer.setHyper(hyper.name.c_str(), hyper.value);
      quern_status evaluated = evaluator.setHyper(hyper.name.c_str(), hyper.value);
      if (!status && trained && evaluated)
        status = fail(message, QUERN_INVALID, "no function that runs here uses --%s",
                      hyper.name.c_str());
    }
    if (!status)
      status = nameFigures();
    if (!status && !flags.history.empty())
      status = history.open(flags.history.c_str(), state.epoch, message);
    if (!status && !flags.plot.empty())
      status = curves.open(flags.plot.c_str(), message);
    lastSave = monotonicSeconds();
    return status;
  }

  quern_status runEpoch() {
    int64_t epoch = state.epoch + 1;
    if (schedule.kind != Schedule::Constant)
      setLearningRates(schedule.kind == Schedule::Plateaus ? state.plateau.factor
                                                           : schedule.at(epoch, flags.epochs));
    bar.startEpoch(epoch, flags.epochs);
    Progress progress = bar.progress();
    progress.stop = InterruptScope::received();
    saved = unchanged = false;
    quern_status status = trainer.runEpoch(epoch, progress, message);
    bar.finishEpoch();
    state.batchesDone = trainer.batchesDone();
    if (state.batchesDone)
      return status ? status : keepSums();
    if (!status && validating)
      status =
          evaluator.run(heldRows.empty() ? nullptr : heldRows.data(), validationCount, message);
    if (status)
      return status;
    state.epoch = epoch;
    status = report();
    bool files = !flags.save.empty() || !flags.plot.empty();
    double now = files ? monotonicSeconds() : lastSave;
    bool due =
        now - lastSave >= secondsBetweenSaves || (flags.saveEvery && epoch % flags.saveEvery == 0);
    if (status || !due)
      return status;
    lastSave = now;
    return save();
  }

  /// An interrupted epoch goes on from what its batches gave.
  quern_status keepSums() {
    state.sums.clear();
    for (const Scalar &sum : trainer.results())
      if (!state.sums.push(sum.value))
        return failMemory(message, "the sums", 0);
    return QUERN_OK;
  }

  /// Writes everything that outlives the run, but the history, which is written epoch by epoch.
  quern_status save() {
    saved = true;
    quern_status status = QUERN_OK;
    if (!flags.save.empty())
      status = saveCheckpoint(*session.instance, flags.save.c_str(), state, message);
    if (!status && !flags.plot.empty())
      status = curves.write(message);
    if (!status && !flags.plot.empty())
      status = drawPictures(flags.plot.c_str(), session.instance, trainData, state.scalers, curves,
                            message);
    return status;
  }

  void tellInterrupt() const {
    fflush(stdout);
    fprintf(stderr, "interrupted after %lld epochs", static_cast<long long>(state.epoch));
    if (state.batchesDone)
      fprintf(stderr, " and %lld of %lld batches", static_cast<long long>(state.batchesDone),
              static_cast<long long>(trainer.batches()));
    if (flags.save.empty())
      fprintf(stderr, "; nothing is saved without --save\n");
    else
      fprintf(stderr, "; %s is saved, and --resume continues\n", flags.save.c_str());
  }

  /// Sets every learning rate to its value, given or default, times `factor`.
  void setLearningRates(double factor) {
    for (uint32_t e = 0; e < model.entry_count; ++e)
      for (uint32_t h = 0; h < model.entries[e].hyper_count; ++h) {
        const quern_hyper &hyper = model.entries[e].hypers[h];
        if (model.entries[e].kind != QUERN_ENTRY_TRAIN || !isLearningRate(hyper.name))
          continue;
        double value = hyper.value;
        for (const Scalar &given : state.hypers)
          if (given.name.equals(hyper.name))
            value = given.value;
        trainer.setHyper(hyper.name, value * factor);
      }
  }

  /// Whether --schedule has a rate to act on.
  bool hasLearningRate() const {
    for (uint32_t e = 0; e < model.entry_count; ++e)
      for (uint32_t h = 0; h < model.entries[e].hyper_count; ++h)
        if (model.entries[e].kind == QUERN_ENTRY_TRAIN &&
            isLearningRate(model.entries[e].hypers[h].name))
          return true;
    return false;
  }

  /// Names the figures of an epoch, once: the loop then only fills in numbers.
  quern_status nameFigures() {
    bool room = true;
    for (const Scalar &mean : trainer.results())
      room = room && figures.push({mean.name.copy(), 0});
    for (const Result &result : evaluator.results()) {
      if (result.tensor->rank != 0)
        continue;
      if (watched == 0 && result.name.startsWith("val_"))
        watched = figures.size();
      room = room && figures.push({result.name.copy(), 0});
    }
    return room ? QUERN_OK : failMemory(message, "the figures", 0);
  }

  quern_status report() {
    int64_t at = 0;
    for (const Scalar &mean : trainer.results())
      figures[at++].value = mean.value;
    for (const Result &result : evaluator.results())
      if (result.tensor->rank == 0)
        figures[at++].value = result.values[0];
    if (!flags.quiet) {
      line.clear();
      appendEpoch(line, state.epoch, figures);
      line.append("\n");
      if (!line.intact())
        return failMemory(message, "an epoch's line", 0);
      fwrite(line.c_str(), 1, static_cast<size_t>(line.size()), stdout);
      flushSometimes();
    }
    double figure = figures[watched].value;
    schedule.observe(state.plateau, figure);
    if (figure < state.best || state.bestEpoch == 0) {
      state.best = figure;
      state.bestEpoch = state.epoch;
    } else if (flags.patience && state.epoch - state.bestEpoch >= flags.patience) {
      stopped = true;
      if (!flags.quiet)
        printf("stopped: %s has not improved since epoch %lld\n", figures[watched].name.c_str(),
               static_cast<long long>(state.bestEpoch));
    }
    if (!flags.plot.empty())
      if (quern_status status = curves.add(state.epoch, figures, message))
        return status;
    return history.write(state.epoch, figures, message);
  }

  /// Lines shall appear as they come; but where epochs take microseconds, a flush would cost more.
  void flushSometimes() {
    double now = monotonicSeconds();
    if (now - lastFlush < 0.05)
      return;
    fflush(stdout);
    lastFlush = now;
  }

  static constexpr double secondsBetweenSaves = 60;

  const quern_model &model;
  const Flags &flags;
  quern_message *message;
  Session session; // destroyed last: trainer and evaluator hold calls of its instance
  RunState state;
  Schedule schedule;
  Specification trainSpecification, validationSpecification;
  Dataset trainData, validationData;
  Array<uint32_t> trainRows, heldRows;
  int64_t trainCount = 0, validationCount = 0;
  Trainer trainer;
  Evaluator evaluator;
  History history;
  Curves curves;
  ProgressBar bar;
  Array<Scalar> figures;
  int64_t watched = 0; // of `figures`: the first validation loss, else the training loss
  Text line;
  bool validating = false, stopped = false;
  bool saved = false;    // since the last batch
  bool unchanged = true; // since the start: no batch has run
  double lastSave = 0, lastFlush = 0;
};

} // namespace

quern_status quern::runtime::runTrain(const quern_model &model, const Flags &flags,
                                      int *interrupted, quern_message *message) {
  return TrainRun(model, flags, message).run(interrupted);
}
