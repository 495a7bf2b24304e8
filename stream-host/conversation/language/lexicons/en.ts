import type { Lexicon } from '../lexicon.ts';

export const en: Lexicon = {
  backchannels: `
    mhm, mhmm, mm, mmm, m, mm hm, mm hmm, mmhm, mmhmm, m hm, m hmm, mhm hm, hm, hmm, uh huh, uhuh, aha, ah, ahh, ah ha,
    oh, ooh, wow, huh, ok, okay, o.k, okey, k, okay then, okey dokey, kay, alright, all right, alrighty, right, right right,
    yeah, yea, yah, yep, yup, ya, yes, sure, sure thing, of course, exactly, absolutely, definitely, totally, indeed, true,
    very true, correct, that's correct, that's right, that is right, that's true, fair, fair enough, good, great, cool,
    nice, perfect, fine, that's fine, sounds good, sounds great, sounds fine, that sounds good, makes sense, that makes sense,
    i see, oh i see, got it, gotcha, i got it, i understand, understood, i know, really, oh really, oh wow, oh okay,
    oh no, oh good, oh great, oh nice, okay good, okay great, okay cool, interesting, no problem, you bet, for sure,
    i hear you, go on, go ahead, carry on, please go on, please continue`,
  fillers: `
    um, umm, uhm, uh, uhh, uhhh, er, err, erm, ehm, eh, em, hm, hmm, mm, mmm, m`,
  closers: `
    thanks, thank you, thank you very much, thank you so much, thanks a lot, thanks so much, thanks for that, cheers,
    bye, goodbye, good bye, bye bye, have a good day, have a nice day, see you, talk to you later, take care,
    please, that's all, that is all, that's it, that is it, that will be all, that'll be all, that's everything,
    nothing else, i'm done, i am done, i'm good, i'm fine, i think so, i don't think so, i hope so, i guess so, i suppose so,
    i guess, i suppose, i believe so, i'm sorry, i am sorry, if that's okay, if that's ok, if possible, if you can, if you could, or not,
    or something, or so, or whatever, and so on, and stuff, and everything, and all that, et cetera,
    as soon as possible, right now, by now, so far, yes i am, yes it is, yes i do, yes i have, yes i did, yes i can,
    yes i was, yes i will, yes they are, yes there is, yes we are, yes he is, yes she is, that's what it is,
    no it isn't, no i don't, no i haven't, no i didn't, no i'm not, no i can't, i'd love to, i don't want to, not really,
    isn't it,
    come on, go on, if you like, that's why, log in, sign in, check in, come in, turn it off, turn it on, how are you, nice to meet you,
    what i need, what i want, all i need, all i want, what i think, what i mean, after all, at all, not yet, what do you think,
    what do you mean, what i have, all i have, like that, like this, what's it like, i am, i'm here,
    one am, two am, three am, four am, five am, six am, seven am, eight am, nine am, ten am, eleven am, twelve am,
    1 am, 2 am, 3 am, 4 am, 5 am, 6 am, 7 am, 8 am, 9 am, 10 am, 11 am, 12 am, thirty am`,
  announcements: `
    no wait, oh wait, wait no, sorry, let me see, let me check, let me think, let me look, let me find, let me get, let me have a look, let me, let's see,
    hold on, hang on, one moment, just a moment, one second, just a second, a second, one sec, just a sec, one minute,
    just a minute, a moment, give me a second, give me a moment, give me a minute, bear with me, wait a minute, wait a second,
    how do i say, how do i put it, how should i say, what's it called, what was it called, what do you call it,
    my number is, the number is, number is, number's, my name is, name is, name's, my address is, address is, code is,
    postcode is, zip code is, email is, my email is, date is, birthday is, order is, it's called, it is called,
    the problem is, problem is, the thing is, thing is, the question is, question is, my question is, the issue is, issue is,
    the reason is, reason is, the point is, what i need is, what i want is, what happened is, what happened was, it starts with,
    i want, i need, i'd like, i would like, i'd rather, i would rather, i'd prefer, i wanted, i was wondering, i wonder,
    i was going, i'm calling, i am calling, i'm trying, i am trying, i'm looking, i am looking, i was trying, i was looking,
    i have, i've, i've got, i got, i had, i bought, i ordered, i received, i think, i thought, i mean, i believe, i said,
    can you, could you, would you, will you, can i, could i, may i, should i, do you, did you, are you, have you, were you,
    can you tell me, could you tell me, tell me, give me, can you please, could you please, would you please, can i please,
    could i please, do you know, do you have, have you got, do you know if, is there, are there, there is, there are, there's,
    is it possible, is that, is this, what about, how about, such as, kind of, sort of, type of, a lot of, lots of,
    a couple of, a couple, a few, a pair of, one of, some of, out of, instead of, because of, in order, in front of, as well as,
    think that, said that, so that, know that, fact that, is that, told me that, says that, mean that, hope that, sure that,
    make sure, i hope, it says, it said, you said, they said, he said, she said, you told me, they told me,
    the first, the second, the third, the last, the next, the other, the same, the one, the only, the whole, the new, the old,
    my new, my old, my last, my first, the most, the best, a new, a different, a bit,
    and then, but then, so then, and also, and now, and so, or maybe, and maybe, but maybe, it was like, he was like,
    she was like, the fact is`,
  open: `
    and, or, but, because, cause, cuz, so, nor, if, unless, although, whereas, while, whether, until, till, than,
    that's because, plus, therefore, however, well, like, as,
    the, a, an, my, your, our, their, his, its, whose, every, very, quite, pretty, rather, too many, so many,
    i, we, they, he, she, i'm, you're, we're, they're, he's, she's, it's, that's, there's, here's, what's, where's, who's, let's,
    i'll, you'll, we'll, they'll, he'll, she'll, it'll, i'd, you'd, we'd, they'd, he'd, she'd, we've, you've, they've,
    gonna, wanna, gotta, dot, slash, underscore, hyphen, dash, double, triple, area code, mr, mrs, ms, dr, street number,
    to`,
  prepositions: `
    of, from, with, for, at, into, onto, between, during, since, without, against, among, per, via, towards, toward, upon,
    within, except, despite, about, by, under, behind, beside, regarding, concerning, near`,
  auxiliaries: `
    is, are, was, were, am, be, been, being, has, have, had, having, do, does, did, will, would, shall, should, can, could,
    may, might, must, seems, looks, says, means, called, named, wants, needs, keeps, gets, got, makes, becomes, includes, contains`,
  leaning: `
    on, off, in, out, up, down, over, back, before, after, above, below, across, along, don't, doesn't, didn't, can't,
    couldn't, won't, wouldn't, isn't, aren't, wasn't, weren't, haven't, hasn't, hadn't, shouldn't, some, any, another, other,
    more, many, most, few, several, each, both, either, neither, which, who, what, where, when, why, how, just, only, even,
    still, really, not, you know, around, through, though, hopefully, currently, usually,
    sometimes, recently, mostly, especially, also, then, actually, basically, maybe, perhaps, probably`,
  transitives: `
    need, want, send, buy, put, said, book, check, get, make, find, give, bring, take, use, ask, tell, add, see`,
  answers: `
    no, nope, nah, no no, no thanks, no thank you, yes please, yes thanks, yes thank you, hello, hi, hey, good morning,
    good afternoon, good evening, none, nothing, never, both, either, neither, maybe, sometimes, sorry, pardon, excuse me,
    what, why, who, where, when, how, which, stop, wait, help, not really, not yet, not sure, i'm not sure, i don't know,
    i do, i did, it does, it did, they do, more, most, again`,
  presenceChecks: `
    hello, hello hello, hi, hey, hallo, hello there, are you there, are you still there, you there, you still there, still there,
    is anyone there, is anybody there, anyone there, anybody there, is someone there, is there anyone, is there anybody,
    can you hear me, do you hear me, did you hear me, you hear me, can you still hear me, are you with me, are you still with me,
    have i lost you, did i lose you, are you listening, are you still listening, what happened, what's happening, what's going on,
    excuse me`,
  questionWords: `
    what, what's, where, where's, who, who's, when, when's, why, how, how's, which, whose, how much, how long, than`,
  subordinators: `
    if, when, whenever, because, since, although, though, while, as soon as, after, before, until, unless, once, even if`,
  pronouns: 'i, you, he, she, it, we, they, this, that, these, those, there, me, him, her, us, them, one, ones',
  digits: 'zero, oh, o, one, two, three, four, five, six, seven, eight, nine, nought, nil',
  numbers: `
    ten, eleven, twelve, thirteen, fourteen, fifteen, sixteen, seventeen, eighteen, nineteen, twenty, thirty, forty,
    fifty, sixty, seventy, eighty, ninety, hundred, thousand, million`,
  identifiers: `
    number, numbers, order, code, address, phone, telephone, mobile, cell, zip, postcode, reference, account, card, pin, id, extension,
    booking, confirmation, tracking, ticket, case, invoice, customer, policy, serial, flight, ending, starts, begins, digits`,
};
