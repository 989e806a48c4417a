//! Functions of dates and times. What differs each time goes by the clock of the scope.

use std::time::SystemTime;

use cplan_model::{Type, Value};
use jiff::tz::TimeZone;

use super::{Context, Failure, Function, Outcome, Table, fixed, str_of, text};
use crate::evaluate::not_null;

mod duration;
mod layout;
mod stamp;

use stamp::Stamp;

pub(super) fn table() -> Table {
    vec![
        ("timestamp", Function::new([], fixed(Type::String), |c, _| moment(c.scope.clock().now))),
        ("plantimestamp", Function::new([], fixed(Type::String), |c, _| moment(c.scope.clock().planned))),
        ("formatdate", Function::new([text("format"), text("time")], fixed(Type::String), formatdate)),
        // Of these results Terraform does not say that they are never null.
        ("timeadd", Function::new([text("timestamp"), text("duration")], fixed(Type::String), timeadd).nullable()),
        ("timecmp", Function::new([text("timestamp_a"), text("timestamp_b")], fixed(Type::Number), timecmp)),
    ]
}

/// A moment of the clock in UTC to the second, unknown where the clock does not tell.
fn moment(time: Option<SystemTime>) -> Outcome {
    let Some(time) = time else { return Ok(not_null(Type::String)) };
    let time = jiff::Timestamp::try_from(time).map_err(|e| Failure::Call(e.to_string()))?;
    let stamp = Stamp { local: TimeZone::UTC.to_datetime(time), offset: 0 };
    Ok(Value::string(stamp.to_string()))
}

fn formatdate(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let time = Stamp::parse(str_of(&a[1])).map_err(|why| Failure::Argument(1, why))?;
    let text = layout::format(str_of(&a[0]), &time).map_err(|why| Failure::Argument(0, why))?;
    Ok(Value::string(text))
}

fn timeadd(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let time = Stamp::parse(str_of(&a[0]))?;
    Ok(Value::string(time.plus(duration::parse(str_of(&a[1]))?)))
}

fn timecmp(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let at = |i: usize| Stamp::parse(str_of(&a[i])).map_err(|why| Failure::Argument(i, why));
    let order = at(0)?.cmp_instant(&at(1)?);
    Ok(Value::number(order as i32))
}
