//! # Check then act: a check is out of date after the next await
//!
//! A show has three seats, and eight customers come when its sale opens. Each checks if a seat is
//! free, pays, and takes the seat. There are three shows, one a second.
//!
//! **What you see.** Three customers buy a seat, five are turned away, and every check of the run
//! holds. The cashier then works off the payments, and the buyers wait for their receipts. The code
//! looks right, its tests are green, and it can overbook a show.
//!
//! **Why.** Between the check and the act are two awaits: one sends the payment, one takes the lock
//! again. Neither has to wait here, so nobody else runs in between, but nothing guarantees that.
//! If others run there, they see the same free seat. It is right to make the check and the act one
//! step: one lock held over both (`one-lock`), or a permit that is the seat (`permit`).
//!
//! **Try.** Run `async-playground hunt check-then-act`: within seconds it finds a customer who is
//! preempted before the act, and a show that is overbooked. With `-p variant=one-lock` or
//! `-p variant=permit` it finds nothing. docs/schedules.md says what a hunt covers. Now set `room` to
//! 1: the send waits for the cashier, all customers have checked by then, and 15 more seats are sold
//! than there are, with every seed. Once a queue is full, every run does what took a hunt to find.
//!
//! **Pitfall.** With `one-lock`, everybody waits while the holder pays: set `room` to 1 and look.
//! With a permit, nobody does. Until the seat is taken, keep the permit in a variable: if the
//! payment fails or the task is cancelled, dropping it frees the seat. To look for a file and then
//! create it, or to look up a name and then insert it, is the same mistake. Use one call that does
//! both, such as `create_new` or `entry`.
//!
//! **Words.** asyncio: an `await` that need not wait lets nobody else run, so there only a full
//! queue leads to overbooking; without an await between check and act you need no lock. Tokio:
//! `Semaphore::try_acquire` and `forget`, or a `Mutex` held over both.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};
use tokio::task::{Builder, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::info;

use scenario::prelude::*;

const CUSTOMERS: Param = Param::count("customers", 8, (1, 1_000), "customers", "How many customers come to each sale.");
const SEATS: Param = Param::count("seats", 3, (1, 1_000), "seats", "How many seats a show has.");
const ROOM: Param = Param::count("room", 100, (1, 10_000), "payments", "How many payments may queue at the cashier.");
const CHARGE: Param = Param::millis("charge", 100, (0, 60_000), "How long the cashier takes for a payment.");
const VARIANT: Param =
    Param::choice("variant", &["two-locks", "one-lock", "permit"], "Lock the check and the act, both at once, or use a permit.");

/// How many shows there are.
const SHOWS: u32 = 3;
/// The time from one sale to the next, and before the first.
const EVERY: Duration = Duration::from_secs(1);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "check-then-act",
    title: "Check then act",
    group: Group::SharedState,
    lesson: "A check is out of date after the next await.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[CUSTOMERS, SEATS, ROOM, CHARGE, VARIANT],
    patterns: &["check then act", "race condition", "time of check to time of use", "overbooking"],
    differs: "An `await` in asyncio that need not wait lets nobody else run; Tokio may cut a task there, so a check can be out \
              of date without any wait. A full queue is first come, first served in Tokio only, so there other customers may buy.",
    builds_on: &["lost-update", "semaphore"],
    breaks: &[
        Breaks::checks(&[("variant", "two-locks")], &["no show is overbooked"]).with_schedule("11:2"),
        // The payment waits for the cashier, between the check and the act.
        Breaks::checks(&[("variant", "two-locks"), ("room", "1")], &["no show is overbooked"]),
    ],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "customer"),
            "{count:customer} customers wait for the first sale. A show has {param:seats} seats, and a cashier takes the payments.",
        ),
        Stop::at(
            When::Log(Nth::First, "sees"),
            "{task} {text}. It gives the lock back and pays, and nothing keeps the others from seeing the same seat.",
        )
        .line("self.has_free_seat(show).await")
        .only("variant", "two-locks"),
        Stop::at(
            When::Log(Nth::First, "sees"),
            "{task} {text}. It keeps the lock until it has paid and the seat is its own: check and act are one step.",
        )
        .line("let mut sold = show.sold.lock().await")
        .only("variant", "one-lock"),
        Stop::at(
            When::Log(Nth::First, "has a permit"),
            "{task} {text}, so the seat is its own before it pays. Check and act are one step.",
        )
        .line("show.free.try_acquire()")
        .only("variant", "permit"),
        Stop::at(When::Log(Nth::First, "takes seat"), "{task} {text}. Then it waits for its receipt.").line("takes seat"),
        Stop::at(
            When::Wait(Nth::First, "customer", For::Room),
            "{task} has checked already, and has to wait: the cashier has no room for its payment. Meanwhile all others run.",
        )
        .sometimes(),
        Stop::at(
            When::Log(Nth::First, "takes a seat that does not"),
            "{task} {text}. When it checked there was a free seat, and since then others have taken it.",
        )
        .line("takes a seat that does not")
        .sometimes(),
        Stop::at(
            When::Over,
            "{figure:sold} seats are sold, {figure:overbooked} more than there are, and {figure:turned away} times a customer found \
             none.",
        ),
    ],
    questions: &[Question::new(
        "{param:customers} customers check for one of {param:seats} seats, send a payment (room for {param:room}) and take the \
         seat. How does it end with {param:variant}?",
        Answer::Choice(&[
            Choice::new("Each gets a seat, and no show is overbooked", If::Equal("figure:turned away + figure:overbooked", "0")),
            Choice::new("Some get no seat, and no show is overbooked", If::Equal("figure:overbooked", "0")),
            Choice::new("A show is overbooked", If::Otherwise),
        ]),
        When::Over,
        "{figure:overbooked} seats were sold that do not exist. A check can be out of date after an await that has to wait, or at which \
         Tokio cuts the poll.",
    )],
    source: include_str!("check_then_act.rs"),
    path: file!(),
    twin: include_str!("check_then_act.py"),
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// One show.
struct Show {
    /// When its sale opens.
    opens: Instant,
    /// Seats sold so far; never more than there are, if all goes well.
    sold: Mutex<usize>,
    /// One permit for each free seat, with `variant=permit`.
    free: Semaphore,
}

/// What the customers share.
struct BoxOffice {
    shows: Vec<Show>,
    /// How many seats each show has.
    seats: usize,
    variant: &'static str,
    /// The queue to the cashier.
    payments: mpsc::Sender<Payment>,
}

/// A payment: the cashier answers it with a receipt.
struct Payment(oneshot::Sender<()>);

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let (payments, to_charge) = mpsc::channel(cx.count(ROOM));
    let cashier = Builder::new().name("cashier").spawn(cashier(to_charge, cx.duration(CHARGE)))?;

    let shows =
        (1..=SHOWS).map(|nth| Show { opens: started + EVERY * nth, sold: Mutex::new(0), free: Semaphore::new(cx.count(SEATS)) });
    let office = BoxOffice { shows: shows.collect(), seats: cx.count(SEATS), variant: cx.word(VARIANT), payments };
    let office = Arc::new(office);

    // Start all customers. Each comes to every sale.
    let mut customers = JoinSet::new();
    for i in 0..cx.count(CUSTOMERS) {
        customers.build_task().name(&format!("customer {i}")).spawn(customer(office.clone()))?;
    }
    let mut bought = 0;
    while let Some(seats) = customers.join_next().await {
        bought += seats??;
    }

    // How many seats were sold, and how many of them do not exist.
    let (mut sold, mut overbooked, mut unsold) = (0, 0, 0);
    for show in &office.shows {
        let of_show = *show.sold.lock().await;
        sold += of_show;
        overbooked += of_show.saturating_sub(office.seats);
        unsold += office.seats.min(cx.count(CUSTOMERS)).saturating_sub(of_show);
    }
    let turned_away = cx.count(CUSTOMERS) * office.shows.len() - bought;
    // Dropping the last sender ends the cashier.
    drop(office);
    let paid = cashier.await?;

    Ok(Outcome::new()
        .figure("sold", sold, "seats")
        .figure("overbooked", overbooked, "seats")
        .figure("turned away", turned_away, "customers")
        .figure("total", started.elapsed(), "ms")
        .check("no show is overbooked", overbooked == 0)
        .check("no seat stays free while a customer wants it", unsold == 0)
        .check("every seat is paid for", paid == sold && bought == sold))
}

/// Comes to every sale; returns how many seats it bought.
async fn customer(office: Arc<BoxOffice>) -> scenario::Result<usize> {
    let mut bought = 0;
    for show in &office.shows {
        // All customers come at the moment in which the sale opens.
        sleep_until(show.opens).await;
        let Some(receipt) = office.buy(show).await? else {
            info!("is turned away");
            continue;
        };
        receipt.await?;
        bought += 1;
    }
    Ok(bought)
}

impl BoxOffice {
    /// Buys a seat. Returns `None` if there is none, and otherwise what the receipt will come from.
    async fn buy(&self, show: &Show) -> scenario::Result<Option<oneshot::Receiver<()>>> {
        match self.variant {
            "one-lock" => {
                // Check, pay and act under one lock: nobody else can check in between.
                let mut sold = show.sold.lock().await;
                if *sold >= self.seats {
                    return Ok(None);
                }
                info!("sees {} of {} seats sold", *sold, self.seats);
                let receipt = self.pay().await?;
                self.take(&mut sold);
                Ok(Some(receipt))
            }
            "permit" => {
                // This both checks and acts. If the payment fails, dropping the permit frees the seat.
                let Ok(seat) = show.free.try_acquire() else { return Ok(None) };
                info!("has a permit");
                let receipt = self.pay().await?;
                seat.forget();
                self.take(&mut *show.sold.lock().await);
                Ok(Some(receipt))
            }
            _ => {
                // The check. The lock is free again when it returns.
                if !self.has_free_seat(show).await {
                    return Ok(None);
                }
                // Two awaits that rarely have to wait. If others run here, they see the same free seat.
                let receipt = self.pay().await?;
                let mut sold = show.sold.lock().await;
                // The act. The check was true then; nobody looks if it still is.
                self.take(&mut sold);
                Ok(Some(receipt))
            }
        }
    }

    /// The check: takes the lock, looks, and gives the lock back.
    async fn has_free_seat(&self, show: &Show) -> bool {
        let sold = show.sold.lock().await;
        if *sold < self.seats {
            info!("sees {} of {} seats sold", *sold, self.seats);
        }
        *sold < self.seats
    }

    /// Sends a payment to the cashier; waits only if too many others queue there.
    async fn pay(&self) -> scenario::Result<oneshot::Receiver<()>> {
        let (receipt, to_come) = oneshot::channel();
        self.payments.send(Payment(receipt)).await?;
        Ok(to_come)
    }

    /// The act: takes the next seat, whether or not it exists.
    fn take(&self, sold: &mut usize) {
        *sold += 1;
        if *sold <= self.seats {
            info!(counter.sold = *sold, mark = "seat", "takes seat {sold} of {}", self.seats);
        } else {
            let moment = (*sold == self.seats + 1).then_some("overbooked");
            info!(counter.sold = *sold, mark = "over", moment, "takes a seat that does not exist: number {sold}");
        }
    }
}

/// Takes the payments one after the other, and sends a receipt for each. Returns how many there were.
async fn cashier(mut payments: mpsc::Receiver<Payment>, charge: Duration) -> usize {
    let mut paid = 0;
    while let Some(Payment(receipt)) = payments.recv().await {
        sleep(charge).await;
        paid += 1;
        // A customer who has gone needs no receipt.
        let _ = receipt.send(());
    }
    paid
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two locks are as good as one, until a payment has to wait between them.
    #[tokio::test(start_paused = true)]
    async fn a_check_is_out_of_date_after_a_wait() -> scenario::Result<()> {
        for (variant, customers, room, sold, overbooked) in [
            ("two-locks", "8", "100", 9.0, 0.0),
            ("two-locks", "2", "100", 6.0, 0.0),
            ("two-locks", "8", "1", 24.0, 15.0),
            ("two-locks", "20", "1", 60.0, 51.0),
            ("one-lock", "8", "100", 9.0, 0.0),
            ("one-lock", "8", "1", 9.0, 0.0),
            ("permit", "8", "100", 9.0, 0.0),
            ("permit", "8", "1", 9.0, 0.0),
        ] {
            let turned = [(VARIANT, variant), (CUSTOMERS, customers), (ROOM, room)];
            let outcome = run(Context::of(&SCENARIO, &turned)).await?;
            let figures = (outcome.value("sold"), outcome.value("overbooked"));
            assert_eq!(figures, (Some(sold), Some(overbooked)), "{turned:?}");
            assert_eq!(outcome.holds(), overbooked == 0.0, "{turned:?}: {outcome:?}");
        }
        Ok(())
    }

    /// A payment that fails leaves no seat behind that nobody can buy.
    #[tokio::test(start_paused = true)]
    async fn a_permit_that_is_dropped_frees_its_seat() {
        let (payments, to_charge) = mpsc::channel(1);
        let show = Show { opens: Instant::now(), sold: Mutex::new(0), free: Semaphore::new(3) };
        let office = BoxOffice { shows: vec![show], seats: 3, variant: "permit", payments };
        drop(to_charge);
        assert!(office.buy(&office.shows[0]).await.is_err(), "the cashier has gone");
        assert_eq!(office.shows[0].free.available_permits(), 3);
    }
}
