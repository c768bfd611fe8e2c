//! The command line.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use crate::deflate::Takeover;
use crate::dial::Target;
use crate::measurement::Pace;
use crate::modes::{Command, Content, Loop, Subject, Traffic};
use crate::pages::Asked;
use crate::payload::Kind;

/// What is said to who asks wrongly.
pub const USAGE: &str = "\
usage: loadgen <mode> --port N [--host 127.0.0.1] [options]

  echo       messages that come back
             --connections 50  --in-flight 1 | --rate MESSAGES_PER_SECOND
             --size BYTES (32)  --kind ascii | non-ascii | json | binary
  handshake  connections that are opened and closed
             --concurrency 32
  idle       memory of connections that say nothing, or nothing any more
             --connections 1000  --traffic MESSAGES_EACH (0)  --size BYTES (32)  --kind …
             --quiet SECONDS (0)
  broadcast  messages of one connection (/publish) to all others (/subscribe)
             --receivers 1000  --in-flight 1  --size BYTES (32)  --kind …
  serve      a native echo server; --port 0 is any free one; prints {\"port\":N}

  all but serve:  --server-pid PID (whose CPU time and memory are reported)  --tls
  echo, broadcast, idle:  --deflate no-takeover | takeover (messages that are compressed,
             whose answers may not, or do, refer to those before them)
  echo, handshake:  --pages-port N (of an HTTP server in the same process, asked beside the load)
             --pages-rate PAGES_PER_SECOND (500)
  all but idle and serve:  --warmup SECONDS (1)  --seconds SECONDS (3)

One JSON object on stdout. Exit code 1: the server answered wrongly.";

/// Reads the arguments after the program's name.
///
/// # Errors
/// Says what is wrong with them.
pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut arguments = arguments;
    let mode = arguments.next().ok_or("no mode")?;
    let mut options = Options::collect(arguments)?;
    let command = match mode.as_str() {
        "echo" => Command::Echo {
            subject: options.deflating_subject()?,
            pace: options.pace()?,
            connections: options.count("connections", 50)?,
            content: options.content()?,
            pacing: options.pacing()?,
            asked: options.asked()?,
        },
        "handshake" => Command::Handshake {
            subject: options.subject()?,
            pace: options.pace()?,
            concurrency: options.count("concurrency", 32)?,
            asked: options.asked()?,
        },
        "idle" => Command::Idle {
            subject: options.deflating_subject()?,
            connections: options.count("connections", 1000)?,
            traffic: options.traffic()?,
        },
        "broadcast" => Command::Broadcast {
            subject: options.deflating_subject()?,
            pace: options.pace()?,
            receivers: options.count("receivers", 1000)?,
            content: options.content()?,
            in_flight: options.in_flight()?,
        },
        "serve" => Command::Serve {
            address: options.address()?,
        },
        _ => return Err(format!("there is no mode \"{mode}\"")),
    };
    options.finish()?;
    Ok(command)
}

/// Options that were given and not taken yet, by name.
struct Options(BTreeMap<String, String>);

impl Options {
    fn collect(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = BTreeMap::new();
        while let Some(argument) = arguments.next() {
            let name = argument
                .strip_prefix("--")
                .ok_or_else(|| format!("\"{argument}\" is no option"))?;
            let value = match name {
                "tls" => String::new(),
                _ => arguments
                    .next()
                    .ok_or_else(|| format!("--{name} lacks its value"))?,
            };
            if options.insert(name.to_owned(), value).is_some() {
                return Err(format!("--{name} is there twice"));
            }
        }
        Ok(Self(options))
    }

    /// An error for what this mode does not know.
    fn finish(self) -> Result<(), String> {
        match self.0.keys().next() {
            Some(name) => Err(format!("there is no option --{name} here")),
            None => Ok(()),
        }
    }

    fn take<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, String> {
        let Some(text) = self.0.remove(name) else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| format!("--{name} cannot be \"{text}\""))
    }

    /// A number of at least 1.
    fn count(&mut self, name: &str, default: usize) -> Result<usize, String> {
        match self.take(name)?.unwrap_or(default) {
            0 => Err(format!("--{name} must be at least 1")),
            count => Ok(count),
        }
    }

    fn in_flight(&mut self) -> Result<u32, String> {
        let count = self.count("in-flight", 1)?;
        count
            .try_into()
            .map_err(|_| "--in-flight is too large".to_owned())
    }

    fn span(&mut self, name: &str, default: u64) -> Result<Duration, String> {
        let Some(seconds) = self.take(name)? else {
            return Ok(Duration::from_secs(default));
        };
        Duration::try_from_secs_f64(seconds).map_err(|error| format!("--{name}: {error}"))
    }

    fn address(&mut self) -> Result<SocketAddr, String> {
        let host = self
            .take("host")?
            .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let port = self.take("port")?.ok_or("--port is missing")?;
        Ok(SocketAddr::new(host, port))
    }

    /// On the loopback interface: the process is one that is observed.
    fn asked(&mut self) -> Result<Option<Asked>, String> {
        let rate = self.rate("pages-rate")?;
        match self.take("pages-port")? {
            None if rate.is_some() => Err("--pages-rate means nothing without --pages-port".into()),
            None => Ok(None),
            Some(port) => Ok(Some(Asked {
                address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
                rate: rate.unwrap_or(500.0),
            })),
        }
    }

    fn subject(&mut self) -> Result<Subject, String> {
        let tls = self.0.remove("tls").is_some();
        let target = Target {
            address: self.address()?,
            tls,
            deflate: None,
        };
        Ok(Subject {
            target,
            pid: self.take("server-pid")?,
        })
    }

    fn deflating_subject(&mut self) -> Result<Subject, String> {
        let mut subject = self.subject()?;
        subject.target.deflate = self.named("deflate", Takeover::from_name)?;
        Ok(subject)
    }

    /// One of several names.
    fn named<T>(
        &mut self,
        option: &str,
        from_name: fn(&str) -> Option<T>,
    ) -> Result<Option<T>, String> {
        let Some(name) = self.0.remove(option) else {
            return Ok(None);
        };
        match from_name(&name) {
            None => Err(format!("--{option} cannot be \"{name}\"")),
            known => Ok(known),
        }
    }

    fn traffic(&mut self) -> Result<Traffic, String> {
        Ok(Traffic {
            count: self.take("traffic")?.unwrap_or(0),
            content: self.content()?,
            quiet: self.span("quiet", 0)?,
        })
    }

    fn pace(&mut self) -> Result<Pace, String> {
        let pace = Pace {
            warmup: self.span("warmup", 1)?,
            window: self.span("seconds", 3)?,
        };
        if pace.window.is_zero() {
            return Err("--seconds must be more than 0".to_owned());
        }
        Ok(pace)
    }

    fn content(&mut self) -> Result<Content, String> {
        let size = self.take("size")?.unwrap_or(32);
        let kind = self.named("kind", Kind::from_name)?.unwrap_or(Kind::Ascii);
        Ok(Content { kind, size })
    }

    fn pacing(&mut self) -> Result<Loop, String> {
        match self.rate("rate")? {
            None => Ok(Loop::Closed {
                in_flight: self.in_flight()?,
            }),
            Some(_) if self.0.contains_key("in-flight") => {
                Err("--rate does not wait for answers: --in-flight means nothing there".to_owned())
            }
            Some(rate) => Ok(Loop::Open { rate }),
        }
    }

    /// So many a second.
    fn rate(&mut self, name: &str) -> Result<Option<f64>, String> {
        match self.take::<f64>(name)? {
            Some(rate) if !(rate > 0.0 && rate.is_finite()) => {
                Err(format!("--{name} cannot be {rate}"))
            }
            rate => Ok(rate),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_mode_has_its_defaults() {
        let Ok(Command::Echo {
            subject,
            pace,
            connections,
            content,
            pacing,
            asked,
        }) = read("echo --port 80")
        else {
            panic!("no echo");
        };
        assert!(asked.is_none());
        assert_eq!(subject.target.address, "127.0.0.1:80".parse().unwrap());
        assert_eq!((subject.target.tls, subject.pid), (false, None));
        assert_eq!((pace.warmup.as_secs(), pace.window.as_secs()), (1, 3));
        assert_eq!(
            (connections, content.size, content.kind),
            (50, 32, Kind::Ascii)
        );
        assert!(matches!(pacing, Loop::Closed { in_flight: 1 }));
    }

    #[test]
    fn every_option_arrives() {
        let line = "broadcast --tls --host ::1 --port 81 --server-pid 7 --warmup 0 --seconds 0.5 \
                    --receivers 10 --size 125 --kind non-ascii --in-flight 4 --deflate takeover";
        let Ok(Command::Broadcast {
            subject,
            pace,
            receivers,
            content,
            in_flight,
        }) = read(line)
        else {
            panic!("no broadcast");
        };
        assert_eq!(subject.target.address, "[::1]:81".parse().unwrap());
        assert_eq!((subject.target.tls, subject.pid), (true, Some(7)));
        assert_eq!((pace.warmup.as_millis(), pace.window.as_millis()), (0, 500));
        assert_eq!(
            (receivers, content.size, content.kind),
            (10, 125, Kind::NonAscii)
        );
        assert_eq!(in_flight, 4);
        assert_eq!(subject.target.deflate, Some(Takeover::Server));
        let Ok(Command::Idle { traffic, .. }) =
            read("idle --port 1 --traffic 4 --size 9 --quiet 2")
        else {
            panic!("no idle connections");
        };
        assert_eq!((traffic.count, traffic.content.size), (4, 9));
        assert_eq!(traffic.quiet.as_secs(), 2);
        let Ok(Command::Echo {
            pacing: Loop::Open { rate },
            ..
        }) = read("echo --port 1 --rate 2.5")
        else {
            panic!("no open loop");
        };
        assert_eq!(rate.to_bits(), 2.5f64.to_bits());
        let Ok(Command::Handshake {
            asked: Some(asked), ..
        }) = read("handshake --port 1 --pages-port 2 --pages-rate 10")
        else {
            panic!("no pages");
        };
        assert_eq!(asked.address, "127.0.0.1:2".parse().unwrap());
        assert_eq!(asked.rate.to_bits(), 10f64.to_bits());
    }

    #[test]
    fn mistakes_are_told() {
        for (line, problem) in [
            ("", "no mode"),
            ("ping --port 1", "no mode \"ping\""),
            ("echo", "--port is missing"),
            ("echo --port", "lacks its value"),
            ("echo port 1", "\"port\" is no option"),
            ("echo --port 1 --port 2", "twice"),
            ("echo --port 99999", "cannot be \"99999\""),
            ("echo --port 1 --receivers 3", "no option --receivers"),
            ("echo --port 1 --connections 0", "at least 1"),
            ("echo --port 1 --kind hex", "cannot be \"hex\""),
            ("echo --port 1 --deflate", "lacks its value"),
            ("echo --port 1 --deflate yes", "cannot be \"yes\""),
            (
                "handshake --port 1 --deflate takeover",
                "no option --deflate",
            ),
            (
                "echo --port 1 --rate 5 --in-flight 2",
                "--in-flight means nothing",
            ),
            ("echo --port 1 --rate 0", "--rate cannot be 0"),
            ("echo --port 1 --pages-rate 5", "without --pages-port"),
            ("idle --port 1 --pages-port 5", "no option --pages-port"),
            ("echo --port 1 --seconds 0", "more than 0"),
            ("echo --port 1 --seconds -1", "--seconds"),
        ] {
            let told = read(line).expect_err(line);
            assert!(told.contains(problem), "{line}: {told}");
        }
    }
}
