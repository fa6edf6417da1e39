//! The manual page, for packages to install.

use std::io;

use clap_mangen::Man;

use super::args;
use super::out;
use super::stop::Stop;

/// Prints one manual page with every subcommand and its flags.
pub(super) fn print() -> Result<(), Stop> {
    let mut command = args::command();
    command.build();
    let page = page(&command).map_err(Stop::Output)?;
    out::print(&String::from_utf8_lossy(&page))
}

/// Renders the page section by section: `Man::render` would refer to a separate page for each subcommand.
fn page(command: &clap::Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    page.extend_from_slice(closing(command).as_bytes());
    for sub in command.get_subcommands() {
        page.extend_from_slice(chapter(sub)?.as_bytes());
    }
    man.render_version_section(&mut page)?;
    Ok(page)
}

/// Renders a subcommand as one section of the page, and its own sections as subsections.
fn chapter(command: &clap::Command) -> io::Result<String> {
    let man = Man::new(command.clone());
    let mut sections = Vec::new();
    man.render_synopsis_section(&mut sections)?;
    man.render_description_section(&mut sections)?;
    man.render_options_section(&mut sections)?;
    sections.extend_from_slice(closing(command).as_bytes());
    let sections = String::from_utf8_lossy(&sections);
    Ok(format!(".SH {}\n{}", command.get_name().to_uppercase(), sections.replace(".SH ", ".SS ")))
}

/// Renders the text after the flags in help: a line that ends in a colon is a heading, and line breaks are kept.
fn closing(command: &clap::Command) -> String {
    let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let lines = text.lines().map(|line| match line.strip_suffix(':') {
        Some(heading) => format!(".fi\n.SH \"{}\"\n.nf\n", heading.to_uppercase()),
        None => format!("{}\n", line.replace('-', "\\-")),
    });
    let body: String = lines.collect();
    if body.is_empty() { body } else { body + ".fi\n" }
}
