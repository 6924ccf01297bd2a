"""Made-up requests for the comparison's tests: channels, slow streets, planted delays, some not over yet."""

import numpy as np

from mitoyen.services.parity.cases import Cases, Delays

CHANNELS = ("web", "phone", "counter", "sms", "mail", "paper")


def world(seed, *, count=3000, slow=(), step=2, by=0.0, waits=2.0, confounded=True, watched=200.0,
          worse=(), reopened=0.03, marked=0.3):  # fmt: skip
    """Requests on six channels in 40 sorts of place; each sort has its own speed, and, when `confounded`, its own mix
    of channels: paper comes from the slow ones, which are reopened more, left more and marked lower. `slow` channels
    take `by` days more on one step; on `worse` ones twice as many are reopened, and three times as many left without
    an answer, and marks are one lower."""
    rng = np.random.default_rng(seed)
    strata = 40
    speed = np.exp(rng.normal(0, 0.7, strata))
    share = rng.dirichlet(np.full(strata, 2.0))
    stratum = rng.choice(strata, count, p=share)
    base = np.array([0.4, 0.2, 0.15, 0.1, 0.08, 0.07])
    tilt = np.array([-0.6, 0.0, 0.3, -0.3, 0.0, 0.9]) if confounded else np.zeros(6)
    odds = base * speed[stratum][:, None] ** tilt
    odds /= odds.sum(axis=1, keepdims=True)
    channel = np.array(CHANNELS)[(odds.cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)]
    steps = rng.exponential(1, (4, count)) * np.array([0.05, 0.4, 0.55, 0.8])[:, None] * waits * speed[stratum]
    steps[step] += np.isin(channel, slow) * by * rng.gamma(4, 0.25, count)
    answered, closed = steps[:3].sum(axis=0), steps.sum(axis=0)
    age = rng.uniform(0, watched, count)
    steps[:, answered > age] = np.nan
    steps[3, closed > age] = np.nan
    bad = np.isin(channel, worse)
    odds_again = np.clip(reopened * speed[stratum] * np.where(bad, 2.0, 1.0), 0, 0.6)
    odds_left = np.clip(0.05 * speed[stratum] * np.where(bad, 3.0, 1.0), 0, 0.8)
    mark = np.clip(np.round(rng.normal(4.0 - 0.4 * np.log(speed[stratum]) - bad, 1.0, count)), 1, 5)
    mark[rng.random(count) > marked] = np.nan
    mature = age > 35
    return Cases(
        number=np.arange(count),
        channel=channel,
        stratum=stratum.astype(np.int64),
        answer=Delays(np.minimum(answered, age), answered <= age),
        end=Delays(np.minimum(closed, age), closed <= age),
        reopened=rng.random(count) < odds_again,
        forgotten=mature & (rng.random(count) < odds_left),
        mature=mature,
        mark=mark,
        steps=steps,
    )
